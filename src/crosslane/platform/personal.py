"""Personal data: every column that may hold it is declared, and erased when a person asks for it.

A module declares its columns as ``PERSONAL_COLUMNS`` at its front door and says of each how it is
erased. ``owner``: the module blanks it itself, by the person's identifier, in an eraser it lists as
``ERASERS``. ``words``: the column is searched here for what the person was called; that is for
messages, answers and journals which hold whatever came in. ``kept``: the law wants it kept; the
report of an erasure names it. ``EXPORTERS`` give back what a module holds of a person.

The composition root hands all of them to :func:`register`. Erasing reads whole tables, so it is
work for the command line or a worker, never for a lane with others waiting.
"""

import re
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Literal
from uuid import UUID

import msgspec

from crosslane.platform.audit import AUDIT_DAYS
from crosslane.platform.database import Tx

ERASED = "erased"
# Shorter words stand in too many other words to be looked for inside a text.
WORD_CHARACTERS_MIN = 3

_IDENTIFIER = re.compile(r"[a-z][a-z0-9_]*")
# Letters and digits mixed, or digits that begin with 0 as no number of JSON does.
_CODE = re.compile(r"(?=.*[0-9])(?=.*[^\W\d_])[^\W_]{5,}|0[0-9]{5,}")


class PersonalColumn(msgspec.Struct, frozen=True):
    """A column that may hold personal data.

    Args:
        table: unqualified name.
        column: name of the column.
        erased_by: ``owner``, ``words`` or ``kept``, as the module's docstring says.
        form: ``json`` or ``text``; how words are looked for in it.
        retention_days: after how many days the module removes it anyway, None for never.
        reason: why it is held, and for ``kept`` which law wants it.
    """

    table: str
    column: str
    erased_by: Literal["owner", "words", "kept"]
    reason: str
    form: Literal["json", "text"] = "text"
    retention_days: int | None = None


class Erasure(msgspec.Struct, frozen=True):
    """Whose data must go.

    Args:
        customer_ids: the customer, and those merged into it.
        words: everything the person was called: names, streets, postcodes, e-mail, telephone.
    """

    customer_ids: frozenset[UUID]
    words: frozenset[str]


class Erased(msgspec.Struct, frozen=True):
    """What an erasure did to one place."""

    place: str
    rows: int


class Eraser(msgspec.Struct, frozen=True, eq=False):
    """How a module blanks the columns it declared as ``owner``; it answers place by place."""

    module: str
    erase: Callable[[Tx, Erasure], Awaitable[list[Erased]]]


class Exporter(msgspec.Struct, frozen=True, eq=False):
    """What a module holds of a person, as plain values for a file the person is given."""

    section: str
    export: Callable[[Tx, frozenset[UUID]], Awaitable[list[Any]]]


PERSONAL_COLUMNS = [
    PersonalColumn(
        "platform_idempotency", "answer", "words", "answers told again", "json", retention_days=7
    ),
    PersonalColumn("platform_effect", "body", "words", "calls to the outside", "json"),
    PersonalColumn("platform_log", "body", "words", "reasons that people gave", "json"),
    PersonalColumn(
        *("platform_audit", "before", "words", "who changed what", "json"),
        retention_days=AUDIT_DAYS,
    ),
    PersonalColumn(
        *("platform_audit", "after", "words", "who changed what", "json"),
        retention_days=AUDIT_DAYS,
    ),
    PersonalColumn(
        *("platform_audit", "reason", "words", "who changed what"), retention_days=AUDIT_DAYS
    ),
    PersonalColumn("platform_account", "email", "kept", "staff sign in with it while employed"),
    PersonalColumn(
        "platform_invitation", "email", "kept", "whom a link was sent to", retention_days=37
    ),
    PersonalColumn(
        "platform_invitation", "name", "kept", "whom a link was sent to", retention_days=37
    ),
    PersonalColumn("platform_identity", "subject", "kept", "staff sign in with it while employed"),
    PersonalColumn("platform_effect", "reason", "words", "what a counterpart answered"),
    PersonalColumn("platform_backlog", "reason", "words", "why a reaction failed"),
]

# Filled once by the composition root.
_COLUMNS: list[PersonalColumn] = []
_ERASERS: list[Eraser] = []
_EXPORTERS: list[Exporter] = []


def register(
    columns: Iterable[PersonalColumn],
    erasers: Iterable[Eraser] = (),
    exporters: Iterable[Exporter] = (),
) -> None:
    """Make declarations known; what was registered before is forgotten."""
    _COLUMNS[:] = columns
    _ERASERS[:] = erasers
    _EXPORTERS[:] = exporters


def registered() -> tuple[list[PersonalColumn], list[Eraser], list[Exporter]]:
    """Return every declaration, as :func:`register` takes them."""
    return list(_COLUMNS), list(_ERASERS), list(_EXPORTERS)


async def erase(tx: Tx, erasure: Erasure) -> list[Erased]:
    """Erase a person everywhere: owners blank their columns, words are searched in the others.

    Returns:
        Every place with what was done there; places that are kept come last, with -1 rows.
    """
    done: list[Erased] = []
    for eraser in _ERASERS:
        done.extend(await eraser.erase(tx, erasure))
    for column in _COLUMNS:
        if column.erased_by == "words":
            done.append(await _erase_words(tx, column, erasure.words))
    kept = [Erased(_place(c), -1) for c in _COLUMNS if c.erased_by == "kept"]
    return done + kept


async def export(tx: Tx, customer_ids: frozenset[UUID]) -> dict[str, list[Any]]:
    """Return what every module holds of a person, by section."""
    return {exporter.section: await exporter.export(tx, customer_ids) for exporter in _EXPORTERS}


async def _erase_words(tx: Tx, column: PersonalColumn, words: Iterable[str]) -> Erased:
    patterns = json_patterns(words) if column.form == "json" else text_patterns(words)
    if not patterns:
        return Erased(_place(column), 0)
    whole, inside = patterns
    replaced = f'"{ERASED}"' if column.form == "json" else ERASED
    table, name = _identifier(column.table), _identifier(column.column)
    kind = "jsonb" if column.form == "json" else "text"
    sql = f"""
update {table} set {name} = regexp_replace(
    regexp_replace({name}::text, $1, $3, 'gi'), $2, $4, 'gi'
)::{kind}
where {name}::text ~* $1 or {name}::text ~* $2
"""  # noqa: S608 - identifiers are checked, words are arguments
    tag = await tx.execute(sql, whole, inside, replaced, ERASED)
    return Erased(_place(column), int(tag.rpartition(" ")[2]))


def json_patterns(words: Iterable[str]) -> tuple[str, str] | None:
    """Return what finds words in JSON: as whole values, and inside longer ones.

    Inside a value only what could be nothing else is looked for: a word with a blank, ``@`` or
    ``+`` in it, or a code that is no JSON number (a postcode, a telephone number with its 0) and
    stands alone. A short name might be a key, other digits a part of an identifier. None without
    words.
    """
    escaped = {msgspec.json.encode(word).decode()[1:-1] for word in words if word}
    if not escaped:
        return None
    telling = {word for word in escaped if re.search(r"[ @+]", word)}
    codes = {word for word in escaped - telling if _CODE.fullmatch(word)}
    whole = f'"{_any_of(escaped)}"(?!:)'
    # A backslash before would make the first letter part of an escape, not of the word.
    inside = [rf"(?<!\\){_any_of(telling)}"] if telling else []
    if codes:
        # Alone means neither in an identifier nor in a fraction; a line may begin with it.
        before = r"(?:(?<![[:alnum:].-])|(?<=\\[nrt]))"
        inside.append(rf"{before}{_any_of(codes)}(?![[:alnum:]-])(?!\.[0-9])(?!\":)")
    return whole, "|".join(inside) or whole


def text_patterns(words: Iterable[str]) -> tuple[str, str] | None:
    """Return what finds words in plain text: as the whole text, and standing alone inside it."""
    known = {word for word in words if word}
    if not known:
        return None
    long = {word for word in known if len(word) >= WORD_CHARACTERS_MIN}
    whole = f"^{_any_of(known)}$"
    return whole, f"(?<![[:alnum:]]){_any_of(long)}(?![[:alnum:]])" if long else whole


def _any_of(words: Iterable[str]) -> str:
    """Return a pattern for any of the words, longer ones first, in PostgreSQL's notation."""
    ordered = sorted(words, key=lambda word: (-len(word), word))
    quoted = ("".join(c if c.isalnum() else f"\\{c}" for c in word) for word in ordered)
    return f"(?:{'|'.join(quoted)})"


def _identifier(name: str) -> str:
    if not _IDENTIFIER.fullmatch(name):
        raise ValueError(f"{name!r} is not the name of a table or column")
    return name


def _place(column: PersonalColumn) -> str:
    return f"{column.table}.{column.column}"
