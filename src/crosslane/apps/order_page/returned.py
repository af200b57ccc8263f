"""Following a return: what to do next, how far it has come, what it gives."""

from collections.abc import Mapping, Sequence

import msgspec

from crosslane import carriers, documents, orders, organization, returns
from crosslane.apps.order_page.shell import Telling, words_of
from crosslane.engagement import locale_of
from crosslane.kernel import Refusal
from crosslane.locations import Location
from crosslane.orders import OrderLine
from crosslane.platform.database import Tx
from crosslane.platform.tokens import Link
from crosslane.platform.web import NoSuchAddress
from crosslane.returns import Return

# How far a return has come that goes on: 0 asked for, 1 on its way, 2 here, 3 settled.
STEP = {
    "requested": 0,
    "authorized": 0,
    "in_transit": 1,
    "received": 2,
    "graded": 2,
    "settled": 3,
    "closed": 3,
}
BY_POST = ("announced", "on_its_way", "arrived", "settled")
AT_COUNTER = ("announced", "arrived", "settled")
GOOD, WARN = ("settled", "closed"), ("declined", "expired", "cancelled")
CANCELLABLE = ("requested", "authorized")


class BackLine(msgspec.Struct, frozen=True, kw_only=True):
    """Units of a return on its page."""

    title: str
    sku: str
    quantity: int
    why: str
    note: str
    price: str


class Posting(msgspec.Struct, frozen=True, kw_only=True):
    """How a parcel is sent to us.

    Args:
        label: the label can be downloaded.
        making: it is being made.
        tracking_number: "" while there is none.
        tracking_url: where the parcel is followed.
        to: lines of the address, where there is no label.
    """

    label: bool
    making: bool
    tracking_number: str
    tracking_url: str
    to: list[str]


class ReturnPage(msgspec.Struct, frozen=True, kw_only=True):
    """The page.

    Args:
        code: QR code of the number as SVG, "" when nothing is brought to a counter.
        posting: how a parcel is sent, None when none is awaited.
        by_post: it comes by post.
        reason: why it was declined or cancelled.
        until: last day, "" when none is set or it has come.
        lines_title: what the lines are.
        swaps: quantity and title of what is sent in exchange.
        sums: titles and amounts, from the goods down.
        is_expected: the amounts are what is expected, not yet given.
        papers: numbers of its credit notes.
        cancellable: the customer can still give it up.
    """

    language: str
    words: Mapping[str, str]
    brand: str
    number: str
    order_number: str
    address: str
    state: str
    headline: str
    lead: str
    tone: str
    step: int
    steps: list[str]
    by_post: bool
    code: str
    posting: Posting | None
    reason: str
    until: str
    lines_title: str
    lines: list[BackLine]
    swaps: list[tuple[int, str]]
    sums: list[tuple[str, str]]
    total: str
    total_title: str
    way: str
    papers: list[str]
    cancellable: bool


class Shown(Telling, frozen=True, kw_only=True):
    """What all parts of the page need."""

    one: Return


async def find_back(tx: Tx, link: Link, named: str) -> Return:
    """Return a return of the order a link leads to.

    Raises:
        NoSuchAddress: the order has none of that number.
    """
    found = await returns.returns_of_orders(tx, [link.subject])
    one = next((one for one in found if one.number == named), None)
    if one is None:
        raise NoSuchAddress
    return one


async def return_page(tx: Tx, link: Link, named: str, address: str) -> ReturnPage:
    """Return the page of a return.

    Raises:
        NoSuchAddress: the order has none of that number.
    """
    one = await find_back(tx, link, named)
    state = await orders.find_order(tx, str(link.subject))
    book = await organization.book(tx)
    locale = locale_of(state.order.locale)
    words = words_of("returns", locale.language)
    channel = book.channel(state.order.channel)
    shown = Shown(one=one, state=state, words=words, locale=locale, timezone=channel.timezone)
    waits = one.state == "authorized" and one.kind == "return"
    by_post = one.method == "post"
    sums, total_minor, expected = await _sums(tx, shown)
    papers = await documents.documents_of_order(tx, link.subject)
    names = BY_POST if by_post else AT_COUNTER
    is_claim = one.kind == "claim"
    step = -1 if is_claim else STEP.get(one.state, -1)
    name = f"{one.state}_{one.method}" if one.state == "authorized" else one.state
    if is_claim and one.state in ("requested", "authorized", "graded"):
        name = "claim"
    return ReturnPage(
        language=locale.language,
        words=words,
        brand=book.brand(state.order.brand).name,
        number=one.number,
        order_number=state.order.number,
        address=address,
        state=one.state,
        headline=words[f"head_{name}"],
        lead=words[f"lead_{name}"],
        tone="good" if one.state in GOOD else "warn" if one.state in WARN else "calm",
        step=step if by_post else max(step - 1, min(step, 0)),
        steps=[words[f"step_{each}"] for each in names],
        by_post=by_post,
        code=_code(one.number) if waits and not by_post else "",
        posting=await _posting(tx, one) if waits and by_post else None,
        reason=one.reason if one.state in ("declined", "cancelled") else "",
        until=shown.day(one.expires_at) if waits else "",
        lines_title=words["claim_title" if is_claim else "back_title"],
        lines=_lines(shown),
        swaps=[(line.quantity, line.title) for line in _swapped(shown)],
        sums=sums,
        total="" if total_minor is None else shown.money(total_minor),
        total_title=words["sum_expected" if expected else "sum_given"],
        way=words[_way(one, total_minor, expected)],
        papers=[
            paper.number
            for paper in papers
            if paper.kind == "credit_note" and paper.content.return_number == one.number
        ],
        cancellable=one.state in CANCELLABLE,
    )


def _swapped(shown: Shown) -> list[OrderLine]:
    """Return what is sent in exchange, bundles as they are bought."""
    by_id = shown.state.by_id
    return [by_id[line_id] for line_id in shown.one.exchange if line_id in by_id]


def _way(one: Return, total_minor: int | None, expected: bool) -> str:
    """Return the name of the words that say where the money goes."""
    if not total_minor:
        return "way_nothing"
    return f"{'way' if expected else 'given'}_{one.refund_method}"


async def _sums(tx: Tx, shown: Shown) -> tuple[list[tuple[str, str]], int | None, bool]:
    """Return what the return gives: its parts, all of it, and whether that is still expected."""
    one, words = shown.one, shown.words
    if one.state in WARN:
        return [], None, False
    swapped = sum(line.gross_minor for line in _swapped(shown))
    if one.state in GOOD:
        goods = sum(line.net_minor + line.tax_minor for line in one.lines)
        parts = [goods, -swapped, one.delivery_minor, -one.fee_minor]
        total = one.refund_minor
    else:
        try:
            quoted = await returns.expected_of(tx, one)
        except Refusal:
            return [], None, True
        goods = sum(line.gross_minor for line in quoted.lines)
        parts = [goods, -swapped, quoted.delivery_minor, -quoted.fee_minor]
        total = quoted.gross_minor
    names: Sequence[str] = ("goods", "swapped", "delivery", "fee")
    sums = [
        (words[f"sum_{name}"], shown.money(minor))
        for name, minor in zip(names, parts, strict=True)
        if minor
    ]
    return sums, max(0, total - swapped), one.state not in GOOD


def _lines(shown: Shown) -> list[BackLine]:
    words, by_id = shown.words, shown.state.by_id
    lines = []
    for line in shown.one.lines:
        sold = by_id.get(line.order_line_id) if line.order_line_id else None
        gross = line.net_minor + line.tax_minor
        note = words["wrong_item"] if line.wrong else ""
        if line.received and line.requested and line.received != line.requested:
            note = words["came"].format(units=line.received)
        lines.append(
            BackLine(
                title=sold.title if sold else line.sku,
                sku=line.sku,
                quantity=line.requested or line.received,
                why=words[f"reason_{line.reason}"],
                note=note,
                price=shown.money(gross) if gross else "",
            )
        )
    return lines


async def _posting(tx: Tx, one: Return) -> Posting:
    found = await returns.posting_of(tx, one)
    label = found.label
    return Posting(
        label=label is not None and label.state == "created",
        making=found.awaited or (label is not None and label.state != "created"),
        tracking_number=label.tracking_number if label else "",
        tracking_url=label.tracking_url if label else "",
        to=_address_lines(found.to) if found.to else [],
    )


def _address_lines(to: Location) -> list[str]:
    lines = (to.name, *to.lines, " ".join(filter(None, (to.city, to.postcode))))
    return [line for line in lines if line]


def _code(number: str) -> str:
    """Return the QR code of a number as SVG."""
    # Loaded by the first page that shows one.
    import segno

    return segno.make_qr(number, error="m").svg_inline(scale=1, omitsize=True, border=2)


async def label_of_return(tx: Tx, link: Link, named: str) -> tuple[bytes, str, str]:
    """Return the label of a return: its bytes, their media type, and a name for the file.

    Raises:
        NoSuchAddress: there is none.
        LabelNotPrinted: it is still being made, or was forgotten.
    """
    one = await find_back(tx, link, named)
    label = await returns.label_of(tx, one.id)
    if label is None or one.state not in ("authorized", "in_transit"):
        raise NoSuchAddress
    content, mime = await carriers.label_document(tx, label.id)
    return content, mime, f"{one.number}.{'png' if mime == 'image/png' else 'pdf'}"
