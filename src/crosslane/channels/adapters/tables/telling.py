"""Telling by tables: messages become rows of files, by the table a connection declares."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from crosslane.channels.adapters.port import RECORDS_MAX
from crosslane.channels.adapters.tables.files import file_of, media_type_of
from crosslane.channels.adapters.tables.writing import Cell, Rows, Unwritable, Writer
from crosslane.channels.adapters.telling import (
    DETAIL_CHARACTERS_MAX,
    Conversation,
    Document,
    Outcome,
    Outgoing,
    Refused,
    Talk,
    Telling,
)
from crosslane.channels.domain.exchange import WrittenTable
from crosslane.channels.domain.mapping import TableMapping
from crosslane.channels.domain.own_tables import OWN_TABLES
from crosslane.kernel import Refusal

AT_ONCE_MAX = 200
NUMBER_DIGITS = 9
# One turn tells as much of a stock as one look at it finds.
STOCK_ROWS_MAX, STOCK_AT_ONCE_MAX = 1_000, 20
NOTES: Mapping[str, str] = {
    "order_reply": "a row for each line of the order",
    "cancellation": "a row",
    "amendment": "a row for each line that is different",
    "fulfillment": "a row for each line of the parcel",
    "money": "a row",
    "return": "a row for each line of the return",
    "invoice": "a row for each line and charge of the document",
    "supply_snapshot": "a row for each article",
    "price": "a row",
}


def tell(kind: str, messages: Sequence[Outgoing], talk: Talk) -> Conversation:
    """Write messages into as few files as say them clearly.

    Raises:
        Refused: the connection has no table for them, or one that cannot be used.
    """
    table, mapping = _table_of(kind, talk)
    try:
        writer = Writer(kind, table, mapping, talk)
    except Refusal as refusal:
        raise Refused(refusal.code, refusal.message[:DETAIL_CHARACTERS_MAX]) from None
    outcomes: dict[int, Outcome] = {}
    written: dict[int, Rows] = {}
    for n, one in enumerate(messages):
        try:
            written[n] = writer.rows(one.message)
        except Unwritable as why:
            outcomes[n] = _not_written(why)
    apart = table.how.each == "message"
    for part in _files(written, apart=apart, merges=writer.merges):
        rows: list[Sequence[Cell]] = [row for n in part for row in written[n].rows]
        answer = yield Document(
            name=_name(kind, table, messages[part[0]].number),
            media_type=media_type_of(table.how),
            body=file_of(table.how, mapping, writer.heading, rows),
        )
        for n in part:
            outcomes[n] = Outcome() if answer.is_good else Outcome.refused(answer)
    return [outcomes[n] for n in range(len(messages))]


def _table_of(kind: str, talk: Talk) -> tuple[WrittenTable, TableMapping]:
    if (table := talk.tables.get(kind)) is None:
        raise Refused("table-missing", f"The connection has no table for {kind}")
    if (mapping := table.mapping) is None:
        raise Refused("no-such-mapping", f"The channel has no mapping {table.how.mapping}")
    if mapping.brings != kind:
        detail = f"The mapping {table.how.mapping} is of {mapping.brings}, not of {kind}"
        raise Refused("mapping-of-others", detail)
    return table, mapping


def _files(written: Mapping[int, Rows], *, apart: bool, merges: bool) -> Iterator[list[int]]:
    """Share messages into files: in one, rows of one name are of one message, or might be."""
    part: list[int] = []
    known: dict[tuple[str, ...], tuple[str, ...]] = {}
    count = 0
    for n, one in written.items():
        same = merges and known.get(one.name) == one.shared
        taken = (merges or any(one.name)) and one.name in known and not same
        if part and (apart or taken or count + len(one.rows) >= RECORDS_MAX):
            yield part
            part, known, count = [], {}, 0
        part.append(n)
        known[one.name] = one.shared
        count += len(one.rows)
    if part:
        yield part


def _name(kind: str, table: WrittenTable, number: int) -> str:
    name = table.how.name or kind.replace("_", "-")
    return f"{name}-{number:0{NUMBER_DIGITS}d}.{table.how.written}"


def _not_written(why: Unwritable) -> Outcome:
    detail = ": ".join(filter(None, (why.pointer, why.detail)))[:DETAIL_CHARACTERS_MAX]
    # A table of shipments alone has no way to say that goods arrived; nobody has to mend that.
    state = "unsupported" if why.code == "said-otherwise" else "refused"
    return Outcome(state=state, code=why.code, detail=detail)


TELLS = {
    kind: Telling(
        tell=partial(tell, kind),
        at_once_max=STOCK_AT_ONCE_MAX if kind == "supply_snapshot" else AT_ONCE_MAX,
        rows_max=STOCK_ROWS_MAX,
        note=NOTES[kind],
    )
    for kind in OWN_TABLES
}
