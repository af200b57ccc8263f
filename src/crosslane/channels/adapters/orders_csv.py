"""``orders-csv``: a header row, then a row per order line; rows of one order share its number."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from crosslane.channels.adapters.family import Context, Reading
from crosslane.channels.adapters.port import CSV, RECORDS_MAX, Fault
from crosslane.channels.adapters.texts import text_family
from crosslane.channels.domain.messages import Order
from crosslane.channels.errors import BatchMalformed, ColumnMissing, ColumnUnknown, TooManyRecords
from crosslane.kernel import Invalid, Refusal, milli_price, parse_minor
from crosslane.platform.web import decode_json

NEEDED = ("order_number", "ordered_at", "sku", "quantity")
OF_ORDER = (
    *("order_number", "version", "ordered_at", "service", "shipping", "tender"),
    *("account_number", "name", "email", "phone", "organization"),
    *("address1", "address2", "address3", "address4", "city", "region", "postcode", "country"),
)
OF_LINE = ("line", "sku", "quantity", "unit_price", "method", "store")
COLUMNS = (*OF_ORDER, *OF_LINE)
Row = Mapping[str, str]


class _Rows(msgspec.Struct, kw_only=True):
    """The rows of one order: where the first begins, each as received and by column."""

    place: int
    bodies: list[str]
    rows: list[Row]
    fault: Fault | None = None


def parse(text: str, context: Context) -> list[Reading]:
    """Group the rows of a text by order number and read each order for itself.

    Raises:
        BatchMalformed, ColumnMissing, ColumnUnknown, TooManyRecords: it is no such table.
    """
    rows = _split(text, context.delimiter)
    head, columns = _header(rows)
    orders: dict[str, _Rows] = {}
    for count, (place, body, cells) in enumerate(rows):
        if count >= RECORDS_MAX:
            raise TooManyRecords(most=RECORDS_MAX)
        row = dict(zip(columns, (cell.strip() for cell in cells), strict=False))
        number = row.get("order_number", "")
        # A row without a number stands alone, so that it spoils no order.
        theirs = orders.setdefault(number or f"\n{place}", _Rows(place=place, bodies=[], rows=[]))
        theirs.bodies.append(body)
        theirs.rows.append(row)
        if len(cells) != len(columns):
            detail = f"Row {place} has {len(cells)} cells, the header {len(columns)}"
            at = f"/rows/{len(theirs.rows) - 1}"
            theirs.fault = theirs.fault or Fault("cells-differ", detail, at)
    return [_reading(rows, head, context) for rows in orders.values()]


def _split(text: str, delimiter: str) -> Iterator[tuple[int, str, list[str]]]:
    """Yield the rows with the number of their first line and as received."""
    lines = text.split("\n")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    begun = 0
    try:
        for cells in reader:
            body = "\n".join(lines[begun : reader.line_num]).removesuffix("\r")
            if any(cell.strip() for cell in cells):
                yield begun + 1, body, cells
            begun = reader.line_num
    except csv.Error as error:
        reason = f"line {reader.line_num}: {error}"
        raise BatchMalformed(pointer=f"/{reader.line_num}", reason=reason) from None


def _header(rows: Iterator[tuple[int, str, list[str]]]) -> tuple[str, list[str]]:
    _, head, cells = next(rows, (1, "", []))
    columns = [cell.strip().lower() for cell in cells]
    for needed in NEEDED:
        if needed not in columns:
            raise ColumnMissing(pointer="/1", column=needed)
    for place, column in enumerate(columns):
        if column not in COLUMNS or column in columns[:place]:
            raise ColumnUnknown(pointer="/1", column=column[:40], known=", ".join(COLUMNS))
    return head, columns


def _reading(theirs: _Rows, head: str, context: Context) -> Reading:
    read = theirs.fault or _differs(theirs) or _order(theirs.rows, context)
    fault = read if isinstance(read, Fault) else None
    return Reading(
        place=theirs.place,
        head=head + "\n",
        body="\n".join(theirs.bodies),
        messages=() if isinstance(read, Fault) else (read,),
        fault=fault,
    )


def _differs(theirs: _Rows) -> Fault | None:
    """Refuse an order whose rows say different things of the same."""
    first = theirs.rows[0]
    for number, row in enumerate(theirs.rows):
        for column in OF_ORDER:
            if row.get(column, "") != first.get(column, ""):
                detail = f"{column} differs between the rows of the order"
                return Fault("rows-differ", detail, f"/rows/{number}/{column}")
    return None


def _order(rows: Sequence[Row], context: Context) -> Order | Fault:
    first = rows[0]
    told: dict[str, object] = {
        "type": "order",
        "source_id": first["order_number"],
        "source_version": _whole(first.get("version") or "1"),
        "event_at": first["ordered_at"],
        "service": first.get("service", ""),
        "tenders": [{"method": first.get("tender") or "marketplace"}],
        **_people(first),
    }
    try:
        if first.get("shipping"):
            told["shipping_minor"] = parse_minor(first["shipping"], context.currency)
    except Invalid as refusal:
        return Fault.of(refusal, at="/rows/0/shipping")
    lines: list[dict[str, object]] = []
    for number, row in enumerate(rows):
        try:
            lines.append(_line(row, context))
        except Invalid as refusal:
            return Fault.of(refusal, at=f"/rows/{number}/unit_price")
    try:
        return decode_json(msgspec.json.encode(told | {"lines": lines}), Order)
    except Refusal as refusal:
        return Fault(refusal.code, refusal.message, point(refusal.pointer))


def _line(row: Row, context: Context) -> dict[str, object]:
    told: dict[str, object] = {
        "id": row.get("line", ""),
        "sku": row["sku"],
        "quantity": _whole(row["quantity"]),
        "store": row.get("store", ""),
    }
    if row.get("unit_price"):
        told["unit_price_milli"] = milli_price(row["unit_price"], context.currency)
    if row.get("method"):
        told["method"] = row["method"]
    return told


def _people(first: Row) -> dict[str, object]:
    """Return who buys and where it goes, as far as the columns say."""
    told: dict[str, object] = {}
    buyer = {name: first.get(name, "") for name in ("account_number", "name", "email", "phone")}
    if any(buyer.values()):
        told["buyer"] = buyer
    lines = [line for n in range(1, 5) if (line := first.get(f"address{n}", ""))]
    place = {name: first.get(name, "") for name in ("city", "region", "postcode", "country")}
    if lines or any(place.values()):
        who = {name: first.get(name, "") for name in ("name", "organization", "email", "phone")}
        told["ship_to"] = {"lines": lines, **place, **who}
    return told


def _whole(text: str) -> int | str:
    """Return a whole number, or the text for the reader to refuse."""
    digits = text.removeprefix("-")
    return int(text) if digits.isascii() and digits.isdigit() and len(text) <= 19 else text


def point(pointer: str) -> str:
    """Turn a pointer into the message into one to row (from 0, of its order) and column."""
    steps = pointer.split("/")[1:]
    row = steps[1] if steps[:1] == ["lines"] and len(steps) > 1 and steps[1].isdigit() else "0"
    last = steps[-1] if steps else ""
    if steps[:1] == ["ship_to"] and "lines" in steps:
        last = "address1"
    return f"/rows/{row}/{_COLUMN_OF.get(last, last)}" if pointer else ""


_COLUMN_OF = {
    "source_id": "order_number",
    "source_version": "version",
    "event_at": "ordered_at",
    "placed_at": "ordered_at",
    "unit_price_milli": "unit_price",
    "dictated_unit_price_milli": "unit_price",
    "shipping_minor": "shipping",
    "id": "line",
    "tenders": "tender",
    "ship_to": "address1",
}

ORDERS_CSV = text_family("orders-csv", (CSV,), frozenset(("order",)), parse, point=point)
