"""What lies on a counter, as it was filled in: goods, why they come, where the money goes.

It stands in the address of the page as well, so that a manager who signs in finds it as it was.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, get_args
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from babel import Locale

from crosslane.apps.amounts import AMOUNT_CHARACTERS_MAX, read_amount, read_percent
from crosslane.organization import Channel
from crosslane.platform.screens import Form
from crosslane.platform.web import InvalidField
from crosslane.returns import DeskLine, RefundWish, TakeBack

UNITS_CHARACTERS_MAX = 6
TEXT_CHARACTERS_MAX = 100
LINES_MAX = 30
Money = Literal["original", "cash", "store_credit", "gift_card"]
MONEY: tuple[Money, ...] = get_args(Money)
_SEPARATOR = "*"


class Goods(msgspec.Struct, frozen=True):
    """Units on the counter.

    Args:
        key: the line of the order, or the SKU where nobody knows the order.
        units: how many.
        price: what one had cost by the receipt, as it was typed; "" when it does not say.
    """

    key: str
    units: int
    price: str = ""


class Counter(msgspec.Struct, frozen=True, kw_only=True):
    """A form as it was filled in; its fields are those of the address too.

    Args:
        goods: what lies there.
        why: reason, of all of it; likewise in which state it is, and where it goes.
        money: how it is given.
        channel: code of the channel that had sold it, where nobody knows the order.
        proof: number of a receipt that is not known here.
        tax: rate on that receipt in percent, as it was typed.
    """

    goods: Sequence[Goods] = ()
    why: str = "changed_mind"
    state: str = "new"
    fate: str = "sellable"
    money: str = ""
    channel: str = ""
    proof: str = ""
    tax: str = ""

    def address(self, path: str, **more: str) -> str:
        """Return the address of a page that shows it."""
        told = {name: getattr(self, name) for name in WORDS if getattr(self, name)} | more
        lines = [_SEPARATOR.join((one.key, str(one.units), one.price)) for one in self.goods]
        return f"{path}?{urlencode({**told, 'line': lines}, doseq=True)}"

    def units(self, key: str) -> int:
        """Return how many units of something lie there."""
        return sum(one.units for one in self.goods if one.key == key)


WORDS = ("why", "state", "fate", "money", "channel", "proof", "tax")


def of_address(lines: Sequence[str], told: Mapping[str, str]) -> Counter:
    """Return what an address says; what is no units of anything is passed over."""
    goods = [
        Goods(parts[0], int(parts[1]), parts[2])
        for line in lines[:LINES_MAX]
        if len(parts := line.rsplit(_SEPARATOR, 2)) == 3 and _is_units(parts[1])
    ]
    words = {name: told[name][:TEXT_CHARACTERS_MAX] for name in WORDS if told.get(name)}
    return Counter(goods=goods, **words)


def of_form(fields: Form) -> Counter:
    """Return what was filled in."""
    goods = [
        Goods(key, int(units), fields.text(f"price.{key}")[:AMOUNT_CHARACTERS_MAX])
        for key, units in list(fields.group("units"))[:LINES_MAX]
        if _is_units(units) and int(units)
    ]
    words = {name: fields.text(name)[:TEXT_CHARACTERS_MAX] for name in WORDS if fields.text(name)}
    return Counter(goods=goods, **words)


def _is_units(text: str) -> bool:
    return text.isdecimal() and len(text) <= UNITS_CHARACTERS_MAX


def wish_of(
    counter: Counter,
    channel: Channel,
    locale: Locale,
    *,
    order: str | None = None,
    skus: Mapping[str, str] | None = None,
    **more: Any,
) -> TakeBack:
    """Return what is asked for.

    Args:
        counter: what was filled in.
        channel: which had sold the goods.
        locale: of who has typed prices.
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
        order=order,
        proof=counter.proof or None,
        lines=lines,
        refunds=[RefundWish(method="cash")] if counter.money == "cash" else [],
        **more,
    )


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
        "reason": counter.why,
        "item_state": counter.state,
        "disposition": counter.fate,
        "wanted": counter.money if counter.money in ("store_credit", "gift_card") else "refund",
    }
    if skus is not None:
        told |= {"order_line": _id(one.key), "sku": skus.get(one.key, "")}
    elif one.price:
        told["unit_price_milli"] = read_amount(
            one.price, f"price.{one.key}", channel.currency, locale, milli=True
        )
    if skus is None and counter.tax:
        told["tax_rate_bp"] = read_percent(counter.tax, "tax", locale)
    try:
        return msgspec.convert(told, DeskLine)
    except msgspec.ValidationError:
        raise InvalidField(pointer="/units", reason="this cannot be taken back like that") from None


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise InvalidField(pointer="/units", reason="this cannot be taken back like that") from None
