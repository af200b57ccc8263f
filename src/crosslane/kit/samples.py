"""Fixtures: what a family's channels send and are told, as a folder of files.

Every file of the folder is a stream as a channel sends it. ``kit.json`` says how they are read,
which deliveries are signed, and what proves the family besides; ``conversations/`` holds what is
told with the answers of the channel, ``fetches/`` what is fetched. Files whose names sort later
were sent later.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from fnmatch import fnmatch
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path

import msgspec

from crosslane.channels import Packs, TableMapping
from crosslane.channels.adapters import GROUP, Context
from crosslane.kit.conversations import Conversation, read_conversation
from crosslane.kit.errors import FixturesMissing, FixturesUnusable
from crosslane.kit.fetching import Fetches, read_fetches

PLAN, FIXTURES = "kit.json", "fixtures"
CONVERSATIONS, FETCHES = "conversations", "fetches"
NOT_STREAMS = (PLAN, "README*", "LICENSE*", ".*", "__*")
CAME_AT = datetime(2026, 1, 1, tzinfo=UTC)


class How(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """How streams are read; what is absent is as for the others.

    Args:
        files: pattern of the files' names below the folder.
        wrong: they are wrong on purpose: each has at least one record that is not understood.
        currency, timezone, media_type, topic, encoding, delimiter, mapping, settings, packs: as
            in Context.
    """

    files: str = "*"
    wrong: bool = False
    channel: str | None = None
    currency: str | None = None
    timezone: str | None = None
    media_type: str | None = None
    topic: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    mapping: TableMapping | None = None
    settings: dict[str, str] | None = None
    packs: Packs | None = None

    def over(self, context: Context) -> Context:
        """Return a context with what is said here."""
        said = {
            name: value
            for name in self.__struct_fields__
            if name not in ("files", "wrong") and (value := getattr(self, name)) is not None
        }
        return msgspec.structs.replace(context, **said)


class SignedFile(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A delivery as it was signed.

    Args:
        file: its body.
        secret: that signed it.
        headers: it came with; the signature among them.
        keyed: the secret itself is among them, whatever the body is.
        settings: of the connection at which it came.
    """

    file: str
    secret: str
    headers: dict[str, str]
    keyed: bool = False
    settings: dict[str, str] = {}


class Plan(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What ``kit.json`` says.

    Args:
        streams: how files are read; each pattern that fits a file adds to those before.
        deliveries: that were signed.
        pings: bodies that only ask whether somebody is there.
        proofs: what has proved messages that are told besides the kit, by their kind, such as a
            schema that its channel publishes.
    """

    streams: tuple[How, ...] = ()
    deliveries: tuple[SignedFile, ...] = ()
    pings: tuple[str, ...] = ()
    proofs: dict[str, str] = {}


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """A stream as a channel sends it.

    Args:
        name: of the file.
        raw: what is in it.
        context: how it is read.
        wrong: not all of it is to be understood.
    """

    name: str
    raw: bytes
    context: Context
    wrong: bool = False


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery as it was signed, see SignedFile; names of headers in lower case."""

    name: str
    body: bytes
    headers: Mapping[str, str]
    secret: str
    keyed: bool = False
    settings: Mapping[str, str] = {}


class Samples(msgspec.Struct, frozen=True, kw_only=True):
    """All there is to try a family with."""

    streams: Sequence[Sample]
    deliveries: Sequence[Delivery] = ()
    pings: Sequence[bytes] = ()
    conversations: Sequence[Conversation] = ()
    fetches: Sequence[Fetches] = ()
    proofs: Mapping[str, str] = {}


def load_samples(folder: Path, published: Iterable[Path] = ()) -> Samples:
    """Read fixtures.

    Args:
        folder: with kit.json.
        published: further folders of streams, to which the folder's kit.json applies too.

    Raises:
        FixturesMissing: there is no such folder, or no file in it.
        FixturesUnusable: kit.json or a conversation is not what it must be.
    """
    if not folder.is_dir():
        raise FixturesMissing(folder=str(folder))
    plan = _plan(folder / PLAN)
    streams = [one for root in (*published, folder) for one in _streams(root, plan)]
    conversations = [
        read_conversation(path) for path in sorted((folder / CONVERSATIONS).glob("*.json"))
    ]
    fetches = [read_fetches(path) for path in sorted((folder / FETCHES).glob("*.json"))]
    if not (streams or conversations or fetches):
        raise FixturesMissing(folder=str(folder))
    return Samples(
        streams=streams,
        deliveries=[
            Delivery(
                name=one.file,
                body=_bytes(folder / one.file),
                headers={name.lower(): value for name, value in one.headers.items()},
                secret=one.secret,
                keyed=one.keyed,
                settings=one.settings,
            )
            for one in plan.deliveries
        ],
        pings=[ping.encode() for ping in plan.pings],
        conversations=conversations,
        fetches=fetches,
        proofs=plan.proofs,
    )


def fixtures_of(name: str) -> Path:
    """Return the folder of a family's own fixtures: ``fixtures`` beside where it is declared.

    Raises:
        FixturesMissing: it is none of a package, or its package has no such folder.
    """
    for entry in entry_points(group=GROUP, name=name):
        found = find_spec(entry.module)
        if found is not None and found.origin is not None:
            folder = Path(found.origin).parent / FIXTURES
            if folder.is_dir():
                return folder
            raise FixturesMissing(folder=str(folder))
    raise FixturesMissing(folder=f"any package of {name}")


def _plan(path: Path) -> Plan:
    if not path.exists():
        return Plan()
    try:
        return msgspec.json.decode(path.read_bytes(), type=Plan)
    except msgspec.MsgspecError as error:
        raise FixturesUnusable(file=str(path), reason=str(error)) from None


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise FixturesUnusable(file=str(path), reason=str(error.strerror)) from None


def _streams(root: Path, plan: Plan) -> list[Sample]:
    found = []
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        steps = name.split("/")
        if not path.is_file() or not {CONVERSATIONS, FETCHES}.isdisjoint(steps):
            continue
        if any(fnmatch(step, pattern) for step in steps for pattern in NOT_STREAMS):
            continue
        context, wrong = Context(received_at=CAME_AT), False
        for how in plan.streams:
            if fnmatch(name, how.files):
                context, wrong = how.over(context), how.wrong or wrong
        found.append(Sample(name=name, raw=path.read_bytes(), context=context, wrong=wrong))
    return found


__all__ = ["Delivery", "Plan", "Sample", "Samples", "load_samples"]
