"""From a wish and its prices to the lines and charges of an order; pure."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from crosslane.catalog import Variant
from crosslane.kernel import MILLI_PER_MINOR, rounded_ratio
from crosslane.locations import Location
from crosslane.orders.domain import Attribution, Charge, LineCause, Method, NewLine, OrderLine
from crosslane.orders.service.placing.wishes import LineWish
from crosslane.pricing import Destination, Override, PricedCart, PricedLine, PriceLine

NewId = Callable[[], UUID]


class WantedLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line whose article, way and store are known.

    Args:
        wish: what was asked.
        variant: the article.
        method: how the customer gets it.
        store: where, for all methods but shipping.
    """

    wish: LineWish
    variant: Variant
    method: Method
    store: Location | None


class Reasons(msgspec.Struct, frozen=True):
    """Why a line costs what it costs, as the order keeps it."""

    source: str
    listed_unit_price_milli: int | None
    amount_minor: int
    discounts: tuple
    choice: object
    treatment: str
    reason: str


def draft_lines(
    order_id: UUID,
    wanted: Sequence[WantedLine],
    priced: Sequence[PricedLine],
    variants: Mapping[UUID, Variant],
    new_id: NewId,
    *,
    cause: LineCause = "cart",
    first_position: int = 1,
    amendment_no: int = 0,
) -> list[NewLine]:
    """Return the lines of an order with their snapshot of price and tax.

    A bundle becomes its own line, which shows the price, and one line per component, which carries
    stock and the exact share of the money.

    Args:
        order_id: the order.
        wanted: what was asked for.
        priced: prices, in the same order.
        variants: articles of the components.
        new_id: makes identifiers.
        cause: how the lines came to be.
        first_position: position of the first line.
        amendment_no: amendment that adds them, 0 when the order is placed.
    """
    lines: list[NewLine] = []
    for want, price in zip(wanted, priced, strict=True):
        position = first_position + len(lines)
        own = _line(order_id, want, price, new_id(), position, cause, amendment_no)
        lines.append(own)
        for share in price.shares:
            component = variants[share.variant_id]
            lines.append(
                msgspec.structs.replace(
                    own,
                    id=new_id(),
                    position=first_position + len(lines),
                    parent_line_id=own.id,
                    cause="component",
                    variant_id=component.id,
                    sku=component.sku,
                    title=component.title,
                    quantity=share.quantity,
                    unit_price_milli=rounded_ratio(
                        share.gross_minor, MILLI_PER_MINOR, share.quantity
                    ),
                    net_minor=share.net_minor,
                    tax_minor=share.tax_minor,
                    gross_minor=share.gross_minor,
                    is_bundle=False,
                    attributed=False,
                )
            )
    return lines


def _line(
    order_id: UUID,
    want: WantedLine,
    price: PricedLine,
    id: UUID,
    position: int,
    cause: LineCause,
    amendment_no: int,
) -> NewLine:
    reasons = Reasons(
        price.source,
        price.listed_unit_price_milli,
        price.amount_minor,
        price.discounts,
        price.choice,
        price.tax.treatment,
        price.reason,
    )
    return NewLine(
        id=id,
        order_id=order_id,
        position=position,
        parent_line_id=None,
        cause=cause,
        amendment_no=amendment_no,
        variant_id=want.variant.id,
        sku=want.variant.sku,
        title=want.variant.title,
        quantity=want.wish.quantity,
        method=want.method,
        store_id=want.store.id if want.store else None,
        unit_price_milli=price.unit_price_milli,
        net_minor=price.net_minor,
        tax_minor=price.tax_minor,
        gross_minor=price.gross_minor,
        tax_rate_bp=price.tax.rate_bp,
        tax_class=price.tax.tax_class,
        jurisdiction=price.tax.jurisdiction,
        price_reasons=msgspec.Raw(msgspec.json.encode(reasons)),
        promised_at=None,
        is_bundle=bool(price.shares),
        attributed=bool(want.wish.attributions),
    )


def draft_charges(
    order_id: UUID, priced: PricedCart, new_id: NewId, recorded_at: datetime
) -> list[Charge]:
    """Return the delivery charges of an order."""
    return [
        Charge(
            id=new_id(),
            order_id=order_id,
            kind="shipping",
            line_id=None,
            title=line.sku,
            net_minor=line.net_minor,
            tax_minor=line.tax_minor,
            gross_minor=line.gross_minor,
            tax_rate_bp=line.tax.rate_bp,
            jurisdiction=line.tax.jurisdiction,
            recorded_at=recorded_at,
        )
        for line in priced.shipping
        if line.gross_minor
    ]


def draft_attributions(
    wanted: Sequence[WantedLine], lines: Sequence[OrderLine], source: str
) -> list[Attribution]:
    """Return who gets the credit for lines; one nobody gets it for says so itself."""
    found: list[Attribution] = []
    own = [line for line in lines if line.parent_line_id is None]
    for want, line in zip(wanted, own, strict=True):
        for wish in want.wish.attributions:
            found.append(
                Attribution(
                    line_id=line.id,
                    role=wish.role,
                    beneficiary_kind="staff" if wish.staff else "location",
                    beneficiary_id=wish.staff or wish.location,
                    share_bp=wish.share_bp,
                    source=source,
                )
            )
    return found


def price_lines(wanted: Sequence[WantedLine]) -> list[PriceLine]:
    """Return the question to pricing for each line; its key is its place."""
    return [_price_line(n, line) for n, line in enumerate(wanted)]


def _price_line(n: int, line: WantedLine) -> PriceLine:
    asked = line.wish.unit_price_milli
    reason = line.wish.override_reason
    return PriceLine(
        key=str(n),
        variant=line.variant,
        quantity=line.wish.quantity,
        destination=Destination(line.store.country) if line.store else None,
        dictated_unit_price_milli=None if reason else asked,
        override=Override(asked, reason) if asked is not None and reason else None,
    )
