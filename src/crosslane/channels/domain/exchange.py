"""Files of a channel: which tables mean what, which it is told things by, what is called how."""

import re
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Annotated, Literal

import msgspec

from crosslane.channels.domain.mapping import TableMapping
from crosslane.kernel import matching

TABLES_MAX = 50
NAME_CHARACTERS_MAX = 90
# With everything put into its places a file system can still keep it.
PATTERN_CHARACTERS_MAX = 60
UNFINISHED = (".part", ".tmp", ".filepart", ".crdownload")
_PLACE = re.compile(r"\{[^{}]*\}")
_KNOWN_PLACES = {"{name}", "{number}", "{channel}"}
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]")


class TableFiles(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What tables of some names mean.

    Args:
        pattern: of their names, such as ``stock-*.csv``; large and small letters differ.
        mapping: name of what their columns mean.
    """

    pattern: Annotated[str, msgspec.Meta(min_length=1, max_length=NAME_CHARACTERS_MAX)]
    mapping: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]


ToldKind = Literal[
    "order_reply",
    "cancellation",
    "amendment",
    "fulfillment",
    "money",
    "return",
    "invoice",
    "supply_snapshot",
    "price",
]


class ToldTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How messages of a kind are written as a table.

    Args:
        mapping: name of what its columns mean; our own columns when empty.
        written: as a text with delimiters, or a workbook.
        each: a file for all that is told together, or for every message.
        name: what its files are called, before their number; the kind when empty.
        quotes: which cells of a text stand in quotation marks: those that have to, or all.
        line_end: of a text; the usual one of tables, or that of Unix.
    """

    mapping: Annotated[str, msgspec.Meta(max_length=64)] = ""
    written: Literal["csv", "xlsx"] = "csv"
    each: Literal["batch", "message"] = "batch"
    name: Annotated[str, matching("([A-Za-z0-9][A-Za-z0-9._-]{0,39})?")] = ""
    quotes: Literal["needed", "all"] = "needed"
    line_end: Literal["crlf", "lf"] = "crlf"


class WrittenTable(msgspec.Struct, frozen=True, kw_only=True):
    """A table a channel is told things by, with what its columns mean.

    Args:
        how: as the connection says.
        mapping: what it means, None when the channel has none of the name.
    """

    how: ToldTable
    mapping: TableMapping | None


class Files(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which files are exchanged with a channel, and how.

    Args:
        tables: what its tables mean; the first pattern that fits counts, and without one they are
            read by the format's own columns.
        told: by which tables it is told things, by kind; of other kinds it is told nothing, where
            the format is one of tables.
        name: of files we write, with ``{name}`` (as the format calls it), ``{number}`` (of the
            document, from 1) and ``{channel}``.
    """

    tables: Annotated[tuple[TableFiles, ...], msgspec.Meta(max_length=TABLES_MAX)] = ()
    told: Mapping[ToldKind, ToldTable] = {}
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=PATTERN_CHARACTERS_MAX)] = "{name}"

    @property
    def is_usable(self) -> bool:
        """Whether every file gets a name of its own by it, inside its folder."""
        places, rest = _PLACE.findall(self.name), _PLACE.sub("", self.name)
        known = _KNOWN_PLACES.issuperset(places) and len(places) == len(set(places))
        tells_apart = not {"{name}", "{number}"}.isdisjoint(places)
        return known and tells_apart and not _UNSAFE.search(rest) and self.name[0] not in ".-"

    def mapping_of(self, file_name: str) -> str:
        """Return the name of what a table means, "" for the format's own columns."""
        fits = (one.mapping for one in self.tables if fnmatchcase(file_name, one.pattern))
        return next(fits, "")

    def name_of(self, channel: str, number: int, document: str) -> str:
        """Return what a document is called in the folder, always the same."""
        safe = safe_name(document)
        # Two names may be made safe alike, two numbers may not.
        named = safe if safe == document else f"{number}-{safe}"
        told = {"{name}": named, "{number}": str(number), "{channel}": safe_name(channel)}
        return _PLACE.sub(lambda place: told[place.group()], self.name)


class Seen(msgspec.Struct, frozen=True, order=True):
    """A file that lies in a folder.

    Args:
        name: of it.
        stamp: changes when its content or its place on the disk does.
        bytes: its size.
    """

    name: str
    stamp: str
    bytes: int


def is_finished(name: str) -> bool:
    """Whether a file of this name may be taken: not one that is still being written by its name."""
    return not name.startswith((".", "~")) and not name.lower().endswith(UNFINISHED)


def is_layable(name: str) -> bool:
    """Whether a file may be laid into a folder under this name: it means nothing else anywhere."""
    return name == safe_name(name) and is_finished(name)


def settled(before: Sequence[Seen], after: Sequence[Seen]) -> list[Seen]:
    """Return the files that two looks have seen alike and not empty, by name."""
    known = set(before)
    return sorted(one for one in after if one in known and one.bytes)


def safe_name(name: str) -> str:
    """Return a name that means nothing to a file system but itself."""
    return _UNSAFE.sub("_", name).lstrip(".-")[:NAME_CHARACTERS_MAX] or "_"


def marked(name: str, mark: str) -> str:
    """Return a name that nothing else has, with a mark before its ending."""
    stem, dot, ending = safe_name(name).rpartition(".")
    return f"{stem}.{mark}.{ending}" if stem and dot else f"{ending}.{mark}"
