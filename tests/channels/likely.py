"""Messages that may be told, with anything in them that somebody may have written."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import strategies as st

from crosslane.channels import Outbound
from crosslane.channels.domain.messages import (
    AmendedLine,
    Amendment,
    Cancellation,
    ReturnedGoods,
    ReturnEvent,
    StockRow,
    SupplySnapshot,
)
from crosslane.channels.domain.replies import (
    Corrected,
    Invoice,
    InvoiceCharge,
    InvoiceLine,
    OrderReply,
    Party,
    ReplyLine,
)
from crosslane.channels.domain.reports import FulfillmentEvent, MoneyEvent, MovedGoods, PricePatch
from crosslane.customers import Address

EPOCH = datetime(1971, 1, 1, tzinfo=UTC)

# Anything people write, and what they write to do harm.
TEXTS = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\x00\ufffe\uffff"), max_size=20
) | st.sampled_from(
    (
        "=1+1",
        "+49 170",
        "-5",
        "@SUM(A1)",
        "'=x",
        "''-",
        "'",
        "00123",
        "1e5",
        '"',
        "a;b,c\td|e",
        "_x0041_",
        "\t=x",
    )
)
NAMES = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=10)
MOMENTS = st.integers(0, 4 * 10**15).map(lambda micro: EPOCH + timedelta(microseconds=micro))
UNITS = st.integers(0, 10**6)
MILLI = st.integers(0, 10**15)
GOODS = st.lists(
    st.builds(MovedGoods, id=TEXTS, sku=TEXTS, article=TEXTS, gtin=NAMES, quantity=UNITS),
    min_size=1,
    max_size=3,
).map(tuple)
DAYS = st.dates(date(1971, 1, 1), date(2199, 12, 31))
AMOUNTS = st.integers(-(10**12), 10**12)
COUNTRIES = st.builds(Address, country=NAMES, lines=st.just(()), city=st.just(""))
LIKELY: dict[str, st.SearchStrategy[Outbound]] = {
    "order_reply": st.builds(
        OrderReply,
        source_id=NAMES,
        event_at=MOMENTS,
        order=NAMES,
        ours=TEXTS,
        outcome=st.sampled_from(("accepted", "changed", "rejected")),
        change=st.booleans(),
        reason=TEXTS,
        due_at=st.none() | MOMENTS,
        currency=st.sampled_from(("EUR", "JPY", "KWD")),
        lines=st.lists(
            st.builds(
                ReplyLine,
                id=TEXTS,
                sku=TEXTS,
                quantity=UNITS,
                backordered=UNITS,
                cancelled=UNITS,
                due_at=st.none() | MOMENTS,
                unit_price_milli=st.none() | MILLI,
            ),
            min_size=1,
            max_size=3,
        ).map(tuple),
    ),
    "cancellation": st.builds(
        Cancellation,
        source_id=NAMES,
        source_version=st.integers(1, 2**62),
        event_at=MOMENTS,
        reason=NAMES,
    ),
    "amendment": st.builds(
        Amendment,
        source_id=NAMES,
        source_version=st.integers(1, 99),
        event_at=MOMENTS,
        reason=NAMES,
        lines=st.lists(
            st.builds(AmendedLine, id=NAMES, sku=TEXTS, quantity=UNITS), min_size=1, max_size=3
        ).map(tuple),
    ),
    "fulfillment": st.builds(
        FulfillmentEvent,
        source_id=NAMES,
        event_at=MOMENTS,
        order=TEXTS,
        step=st.sampled_from(("shipped", "delivered")),
        location=TEXTS,
        carrier=TEXTS,
        service=TEXTS,
        tracking=st.lists(NAMES, max_size=1).map(tuple),
        links=st.lists(NAMES, max_size=1).map(tuple),
        due_at=st.none() | MOMENTS,
        lines=GOODS,
    ),
    "money": st.builds(
        MoneyEvent,
        source_id=NAMES,
        event_at=MOMENTS,
        order=TEXTS,
        step=st.just("refunded"),
        minor=st.integers(0, 10**12),
        currency=st.sampled_from(("EUR", "JPY", "KWD")),
        method=TEXTS,
        reason=TEXTS,
    ),
    "return": st.builds(
        ReturnEvent,
        source_id=NAMES,
        event_at=MOMENTS,
        order=NAMES,
        ours=TEXTS,
        step=st.sampled_from(("authorized", "declined")),
        reason=TEXTS,
        lines=st.lists(
            st.builds(ReturnedGoods, id=TEXTS, sku=NAMES, quantity=st.integers(1, 99)),
            min_size=1,
            max_size=3,
        ).map(tuple),
    ),
    "invoice": st.builds(
        Invoice,
        source_id=NAMES,
        event_at=MOMENTS,
        order=TEXTS,
        ours=TEXTS,
        kind=st.sampled_from(("invoice", "credit_note")),
        issued_on=DAYS,
        due_on=st.none() | DAYS,
        supplied_on=st.none() | DAYS,
        ordered_on=st.none() | DAYS,
        currency=st.sampled_from(("EUR", "JPY", "KWD")),
        seller=st.builds(Party, name=TEXTS, tax_id=TEXTS, address=st.none() | COUNTRIES),
        buyer=st.builds(
            Party,
            name=TEXTS,
            tax_id=TEXTS,
            email=TEXTS,
            address=st.none()
            | st.builds(
                Address,
                country=NAMES,
                lines=st.lists(NAMES, max_size=2).map(tuple),
                city=TEXTS,
                postcode=TEXTS,
                region=TEXTS,
            ),
        ),
        ship_to=st.none() | st.builds(Party, address=COUNTRIES),
        lines=st.lists(
            st.builds(
                InvoiceLine,
                id=TEXTS,
                sku=TEXTS,
                article=TEXTS,
                gtin=NAMES,
                title=TEXTS,
                quantity=UNITS,
                unit_price_milli=MILLI,
                net_minor=AMOUNTS,
                tax_minor=AMOUNTS,
                tax_rate_bp=st.integers(0, 10_000),
                jurisdiction=TEXTS,
            ),
            min_size=1,
            max_size=3,
        ).map(tuple),
        charges=st.lists(
            st.builds(
                InvoiceCharge,
                kind=TEXTS,
                title=TEXTS,
                net_minor=AMOUNTS,
                tax_minor=AMOUNTS,
                tax_rate_bp=st.integers(0, 10_000),
                jurisdiction=TEXTS,
            ),
            max_size=2,
        ).map(tuple),
        net_minor=AMOUNTS,
        tax_minor=AMOUNTS,
        gross_minor=AMOUNTS,
        paid=st.booleans(),
        corrects=st.lists(st.builds(Corrected, number=NAMES, issued_on=DAYS), max_size=1).map(
            tuple
        ),
    ),
    "supply_snapshot": st.builds(
        SupplySnapshot,
        source_id=NAMES,
        event_at=MOMENTS,
        location=NAMES,
        complete=st.booleans(),
        rows=st.lists(
            st.builds(StockRow, sku=TEXTS, article=TEXTS, gtin=NAMES, quantity=UNITS),
            min_size=1,
            max_size=3,
        ).map(tuple),
    ),
    "price": st.builds(
        PricePatch,
        source_id=st.just(""),
        sku=NAMES,
        article=TEXTS,
        event_at=MOMENTS,
        unit_price_milli=MILLI,
        was_milli=st.none() | MILLI,
        currency=st.sampled_from(("EUR", "JPY", "KWD")),
        includes_tax=st.none() | st.booleans(),
    ),
}
