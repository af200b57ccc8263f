"""What lies on a counter, as it was filled in: goods, why they come, what is wanted for them.

It stands in the address of the page as well, so that a manager who signs in finds it as it was.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, TypeVar, get_args
from urllib.parse import urlencode

import msgspec
from babel import Locale

from crosslane.apps.amounts import AMOUNT_CHARACTERS_MAX, read_amount, read_percent
from crosslane.orders import TenderWish
from crosslane.organization import Channel
from crosslane.platform.screens import Form, read_form
from crosslane.platform.web import InvalidField
from crosslane.returns import DeskLine, ExchangeWish, RefundWish, TakeBack

UNITS_CHARACTERS_MAX = 6
TEXT_CHARACTERS_MAX = 100
LINES_MAX = 30
Money = Literal["original", "cash", "store_credit", "gift_card"]
Pay = Literal["cash", "card"]
PAY: tuple[Pay, ...] = get_args(Pay)
AddressText = Annotated[str, msgspec.Meta(max_length=12_000)]
"""The one field of an address that tells what lies there, as :meth:`Counter.told` writes it."""
HERE, SENT, FETCHED = "here", "ship", "pickup:"
"""How customers get goods in exchange: over this counter, sent, or at the store that is named."""


class Goods(msgspec.Struct, frozen=True):
    """Units on the counter.

    Args:
        key: the line of the order, or the SKU where nobody knows the order.
        units: how many.
        price: what one had cost by the receipt, as it was typed; "" when it does not say.
        why: reason; likewise in which state they are, and where they go.
        swap: article wanted for them that costs no more and no less; "" for money.
        how: the customer gets that.
    """

    key: str
    units: int
    price: str = ""
    why: str = "changed_mind"
    state: str = "new"
    fate: str = "sellable"
    swap: str = ""
    how: str = HERE


class Other(msgspec.Struct, frozen=True):
    """Units of another article wanted in exchange, at its own price.

    Args:
        key: its SKU.
        how: the customer gets them.
    """

    key: str
    units: int
    how: str = HERE


class Counter(msgspec.Struct, frozen=True, kw_only=True):
    """A form as it was filled in.

    Args:
        goods: what lies there.
        others: what is wanted in exchange besides swaps.
        money: how it is given.
        pay: how the customer pays what goods in exchange cost more.
        channel: code of the channel that had sold it, where nobody knows the order.
        proof: number of a receipt that is not known here.
        tax: rate on that receipt in percent, as it was typed.
    """

    goods: Sequence[Goods] = ()
    others: Sequence[Other] = ()
    money: str = ""
    pay: str = "cash"
    channel: str = ""
    proof: str = ""
    tax: str = ""

    def told(self) -> str:
        """Return it as a form sends it, what is usual left out."""
        told = _fields("units", Goods("", 0), self.goods)
        told += _fields("other", Other("", 0), self.others)
        return urlencode(told + _unusual(self, Counter(), WORDS))

    def address(self, path: str, **more: str) -> str:
        """Return the address of a page that shows it."""
        return f"{path}?{urlencode({**more, 'counter': self.told()})}"

    def of(self, key: str) -> Goods:
        """Return what of something lies there."""
        return next((one for one in self.goods if one.key == key), Goods(key, 0))

    def bring(self, key: str, units: int) -> "Counter":
        """Return it with more units of something that comes back."""
        return msgspec.structs.replace(self, goods=_more(self.goods, Goods(key, units)))

    def want(self, sku: str, units: int) -> "Counter":
        """Return it with more units of another article that is wanted in exchange."""
        return msgspec.structs.replace(self, others=_more(self.others, Other(sku, units)))

    @property
    def exchanges(self) -> bool:
        """Whether anything goes out for what lies there."""
        return bool(self.others) or any(one.swap for one in self.goods)


T = TypeVar("T")
Lines = TypeVar("Lines", Goods, Other)
Told = tuple[str, str]
WORDS = ("money", "pay", "channel", "proof", "tax")
GOODS_WORDS = ("price", "why", "state", "fate", "swap", "how")


def _more(lines: Sequence[Lines], added: Lines) -> list[Lines]:
    """Return lines with units added, which come first; what was said of others of them holds."""
    before = next((one for one in lines if one.key == added.key), None)
    if before is not None:
        added = msgspec.structs.replace(before, units=before.units + added.units)
    return [added, *(one for one in lines if one.key != added.key)]


def _fields(name: str, usual: Goods | Other, lines: Sequence[Goods | Other]) -> list[Told]:
    told: list[Told] = []
    for one in lines:
        words = [word for word in GOODS_WORDS if word in usual.__struct_fields__]
        told.append((f"{name}.{one.key}", str(one.units)))
        told += [(f"{word}.{one.key}", text) for word, text in _unusual(one, usual, words)]
    return told


def _unusual(one: msgspec.Struct, usual: msgspec.Struct, words: Sequence[str]) -> list[Told]:
    return [(word, text) for word in words if (text := getattr(one, word)) != getattr(usual, word)]


def read_counter(fields: Form) -> Counter:
    """Return what was filled in; what is no units of anything is passed over."""
    words = {name: _text(fields, name) for name in WORDS}
    return Counter(
        goods=[
            Goods(key, units, **_words(fields, key, GOODS_WORDS))
            for key, units in _units(fields, "units")
        ],
        others=[
            Other(key, units, **_words(fields, key, ("how",)))
            for key, units in _units(fields, "other")
        ],
        **{name: text for name, text in words.items() if text},
    )


def of_address(told: str) -> Counter:
    """Return what an address says."""
    return read_counter(read_form(told.encode()))


def _units(fields: Form, group: str) -> list[tuple[str, int]]:
    told = list(fields.group(group))[:LINES_MAX]
    return [
        (key[:TEXT_CHARACTERS_MAX], int(units))
        for key, units in told
        if units.isdecimal() and len(units) <= UNITS_CHARACTERS_MAX and int(units)
    ]


def _words(fields: Form, key: str, words: Sequence[str]) -> dict[str, str]:
    told = {word: _text(fields, f"{word}.{key}") for word in words}
    return {word: text for word, text in told.items() if text}


def _text(fields: Form, name: str) -> str:
    most = AMOUNT_CHARACTERS_MAX if name.startswith("price.") else TEXT_CHARACTERS_MAX
    return fields.text(name)[:most]


def wish_of(
    counter: Counter,
    channel: Channel,
    locale: Locale,
    *,
    location: str,
    order: str | None = None,
    skus: Mapping[str, str] | None = None,
    **more: Any,
) -> TakeBack:
    """Return what is asked for.

    Args:
        counter: what was filled in.
        channel: which had sold the goods.
        locale: of who has typed prices.
        location: code of the store.
        order: number of the order, None when nobody knows.
        skus: articles of its lines.
        more: further words of the wish.

    Raises:
        InvalidField: nothing was chosen, a price is none, or a choice is none.
    """
    lines = [_line(one, counter, channel, locale, skus) for one in counter.goods]
    if not lines:
        raise InvalidField(pointer="/units", reason="nothing was chosen")
    return TakeBack(
        channel=channel.code,
        location=location,
        order=order,
        proof=counter.proof or None,
        lines=lines,
        refunds=[RefundWish(method="cash")] if counter.money == "cash" else [],
        exchange=_exchange(counter, location),
        tenders=[_made(TenderWish, method=_pay(counter))] if counter.exchanges else [],
        **more,
    )


def _exchange(counter: Counter, location: str) -> list[ExchangeWish]:
    swaps = [
        _made(
            ExchangeWish,
            sku=one.swap,
            quantity=one.units,
            price="even",
            instead_of=one.key,
            **_way(one.how, location),
        )
        for one in counter.goods
        if one.swap
    ]
    return swaps + [
        _made(ExchangeWish, sku=one.key, quantity=one.units, **_way(one.how, location))
        for one in counter.others
    ]


def _pay(counter: Counter) -> Pay:
    return next((one for one in PAY if one == counter.pay), PAY[0])


def _way(how: str, location: str) -> dict[str, str]:
    if how.startswith(FETCHED):
        return {"method": "pickup", "store": how.removeprefix(FETCHED)}
    return {"method": how} if how != HERE else {"method": "carry_out", "store": location}


def _line(
    one: Goods,
    counter: Counter,
    channel: Channel,
    locale: Locale,
    skus: Mapping[str, str] | None,
) -> DeskLine:
    told: dict[str, Any] = {
        "sku": one.key,
        "quantity": one.units,
        "reason": one.why,
        "item_state": one.state,
        "disposition": one.fate,
        "wanted": _wanted(one, counter),
    }
    if skus is not None:
        told |= {"order_line": one.key, "sku": skus.get(one.key, "")}
    elif one.price:
        told["unit_price_milli"] = read_amount(
            one.price, f"price.{one.key}", channel.currency, locale, milli=True
        )
    if skus is None and counter.tax:
        told["tax_rate_bp"] = read_percent(counter.tax, "tax", locale)
    return _made(DeskLine, **told)


def _made(kind: type[T], **told: Any) -> T:
    """Return a part of the wish, checked as if it came over HTTP."""
    try:
        return msgspec.convert(told, kind)
    except msgspec.ValidationError:
        raise InvalidField(pointer="/units", reason="this cannot be taken back like that") from None


def _wanted(one: Goods, counter: Counter) -> str:
    """Return what is wanted for units: what other articles cost is taken from all that comes."""
    if one.swap:
        return "exchange"
    if counter.money in ("store_credit", "gift_card"):
        return counter.money
    return "exchange" if counter.others else "refund"
