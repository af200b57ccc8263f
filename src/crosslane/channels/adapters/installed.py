"""Families of packages outside: found by their entry points, checked, and told apart by name.

A package declares one family an entry point of the group ``crosslane.channels``, called as the
family is. They are looked for when somebody first asks which families there are, not when this is
imported: a package imports this module itself.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import wraps
from importlib import metadata
from typing import Any

import msgspec

from crosslane.channels.adapters.family import Envelope, Family
from crosslane.channels.domain.messages import Message, Outbound
from crosslane.platform.telemetry import Log

GROUP = "crosslane.channels"
REASON_CHARACTERS_MAX = 500
NAME = re.compile(r"[a-z][a-z0-9-]{1,39}")

log = Log(__name__)


class Package(msgspec.Struct, frozen=True, kw_only=True):
    """Where a family comes from that is none of ours.

    Args:
        family: its name.
        package: name of the distribution; likewise its version.
        problem: why it cannot be used, "" when it can.
    """

    family: str
    package: str
    version: str = ""
    problem: str = ""


class Families(Mapping[str, Family]):
    """Every family there is: our own, and those of packages that are installed.

    A package that cannot be loaded is told of, and stops nothing else. Our own names are ours; of
    two packages that claim one name neither gets it, since nothing says which was meant.

    Args:
        own: our own families.
    """

    def __init__(self, own: Iterable[Family]) -> None:
        self._own = {family.name: family for family in own}
        self._all: dict[str, Family] | None = None
        self._packages: list[Package] = []

    def __getitem__(self, name: str) -> Family:
        return self.load()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.load())

    def __len__(self) -> int:
        return len(self.load())

    @property
    def own(self) -> Mapping[str, Family]:
        """The families that come with the house."""
        return self._own

    @property
    def packages(self) -> list[Package]:
        """Families of packages, those that cannot be used too, by name."""
        self.load()
        return self._packages

    def load(self) -> Mapping[str, Family]:
        """Look for packages once and return every family that can be used."""
        if self._all is None:
            found, self._packages = _usable(self._own)
            self._all = {**self._own, **found}
            for package in self._packages:
                if package.problem:
                    log.error("a channel family is not used", **msgspec.to_builtins(package))
        return self._all

    def load_again(self) -> Mapping[str, Family]:
        """Look for packages anew, such as after one was installed."""
        self._all = None
        return self.load()


def _usable(own: Mapping[str, Family]) -> tuple[dict[str, Family], list[Package]]:
    entries = sorted(metadata.entry_points(group=GROUP), key=lambda e: (e.name, _package(e)))
    claims = [entry.name for entry in entries]
    found: dict[str, Family] = {}
    packages: list[Package] = []
    for entry in entries:
        family, problem = None, _name_problem(entry.name, own, claims)
        if not problem:
            family, problem = _load(entry)
        if family is not None:
            found[entry.name] = family
        packages.append(
            Package(
                family=entry.name,
                package=_package(entry),
                version=entry.dist.version if entry.dist else "",
                problem=problem[:REASON_CHARACTERS_MAX],
            )
        )
    return found, packages


def _package(entry: metadata.EntryPoint) -> str:
    return entry.dist.name if entry.dist else entry.value


def _name_problem(name: str, own: Mapping[str, Family], claims: list[str]) -> str:
    if name in own:
        return "a family of the house has this name"
    if claims.count(name) > 1:
        return "several packages claim this name"
    if not NAME.fullmatch(name):
        return "a name is of 2 to 40 small letters, digits and hyphens, a letter first"
    return ""


def _load(entry: metadata.EntryPoint) -> tuple[Family | None, str]:
    try:
        family = entry.load()
    except (Exception, SystemExit) as error:  # whatever a stranger's module does as it is imported
        return None, f"{entry.value} cannot be imported: {type(error).__name__}: {error}"
    if not isinstance(family, Family):
        return None, f"{entry.value} is a {type(family).__name__}, not a Family"
    if family.name != entry.name:
        return None, f"the family calls itself {family.name}"
    if unknown := sorted(family.brings - _kinds(Message)):
        return None, f"it brings what nobody knows: {', '.join(unknown)}"
    if unknown := sorted(family.tells.keys() - _kinds(Outbound)):
        return None, f"it tells what nobody knows: {', '.join(unknown)}"
    return _confined(family), ""


def _kinds(union: Any) -> set[str]:
    return {str(struct.__struct_config__.tag) for struct in union.__args__}


def _confined(family: Family) -> Family:
    """Let what fails in a stranger's code be an answer: not signed, no ping, nothing said."""
    return msgspec.structs.replace(
        family,
        point=_answering(family.point, lambda pointer: pointer),
        envelope=_answering(family.envelope, lambda headers: Envelope()),
        verify=family.verify and _answering(family.verify, lambda *_: False),
        signs=family.signs and _answering(family.signs, lambda body, settings: body),
        pings=family.pings and _answering(family.pings, lambda body: False),
        acknowledge=family.acknowledge and _answering(_whole(family.acknowledge), lambda *_: ()),
    )


def _whole(ask: Callable[..., Iterator[Any]]) -> Callable[..., tuple[Any, ...]]:
    """Return what is answered one by one as a whole, so that its failure is one too."""

    @wraps(ask)
    def asked(*about: Any) -> tuple[Any, ...]:
        return tuple(ask(*about))

    return asked


def _answering(ask: Callable[..., Any], otherwise: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(ask)
    def asked(*about: Any) -> Any:
        try:
            return ask(*about)
        except Exception as error:
            log.error("an adapter failed", error, of=f"{ask.__module__}.{ask.__name__}")
            return otherwise(*about)

    return asked
