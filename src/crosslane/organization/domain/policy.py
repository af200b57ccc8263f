"""Policies: rules a retailer sets as data, effective-dated, versioned and never overwritten.

A version says what holds for one kind in one scope from an instant on. Of the versions of a scope
the one with the latest ``valid_from`` not after the asked instant is in force, and among equals the
one recorded last. Scopes are asked from the most specific to the widest; the first that has a value
wins as a whole, fields are never mixed. An undo is a version too: it says again what held before.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Generic, Literal, TypeVar, cast, get_args
from uuid import UUID

import msgspec

from crosslane.organization.errors import BadPolicyValue, PolicySuperseded, ScopeNotAllowed

ScopeType = Literal["location", "category", "channel", "brand", "tenant"]
# From the most specific to the widest: the order in which they are asked.
SCOPE_TYPES: tuple[ScopeType, ...] = get_args(ScopeType)

Body = TypeVar("Body", bound=msgspec.Struct)


class PolicyKind(msgspec.Struct, Generic[Body], frozen=True, eq=False):
    """A rule that a retailer can set, declared by the module that obeys it.

    Args:
        name: ``<module>.<what>``, stable forever.
        body: struct of the value; unknown fields must be forbidden, so that typing errors are told.
        scopes: where it may be set.
        default: what holds where nothing is set.
    """

    name: str
    body: type[Body]
    default: Body
    scopes: tuple[ScopeType, ...] = SCOPE_TYPES

    def __post_init__(self) -> None:
        if not self.body.__struct_config__.forbid_unknown_fields:
            raise TypeError(f"{self.body.__name__} must forbid unknown fields")

    def read(self, value: dict[str, Any]) -> Body:
        """Return the struct of a stored or given value.

        Raises:
            BadPolicyValue: it does not fit the body.
        """
        try:
            return msgspec.convert(value, type=self.body)
        except msgspec.ValidationError as error:
            raise BadPolicyValue(pointer="/value", name=self.name, reason=str(error)) from None


class Scope(msgspec.Struct, frozen=True):
    """Where a policy version holds.

    Args:
        type: sort of place.
        code: code of the location, category, channel or brand; empty for the tenant.
    """

    type: ScopeType
    code: str = ""


TENANT = Scope("tenant")


class PolicyVersion(msgspec.Struct, frozen=True):
    """What somebody decided to hold in one scope from an instant on.

    Args:
        id: identifier, kept by decisions that obeyed it.
        no: counts up as versions are recorded.
        kind: name of the policy kind.
        scope: where it holds.
        valid_from: from when it holds; may lie in the past or the future.
        value: the kind's body as JSON has it, None where the scope stops having a value of its own.
        author: who decided, as ``kind:id``.
        reason: why.
        recorded_at: when it was recorded.
        undoes: the version this one takes back.
    """

    id: UUID
    no: int
    kind: str
    scope: Scope
    valid_from: datetime
    value: dict[str, Any] | None
    author: str
    reason: str
    recorded_at: datetime
    undoes: UUID | None = None


class Candidate(msgspec.Struct, frozen=True):
    """One scope that was asked while a policy was resolved, and the version in force there."""

    scope: Scope
    version: PolicyVersion | None


class PolicyBook:
    """Every version of every policy of a tenant, resolved in memory."""

    def __init__(self, versions: Iterable[PolicyVersion] = ()) -> None:
        ordered: dict[tuple[str, Scope], list[PolicyVersion]] = defaultdict(list)
        for version in sorted(versions, key=lambda v: (v.valid_from, v.no)):
            ordered[version.kind, version.scope].append(version)
        self._versions = dict(ordered)
        self._starts = {key: [v.valid_from for v in found] for key, found in ordered.items()}
        self._kinds = frozenset(kind for kind, _ in ordered)
        # Values are decoded once per version: a book lives as long as no policy changes.
        self._decoded: dict[UUID, msgspec.Struct] = {}

    def in_force(self, kind: str, scope: Scope, at: datetime) -> PolicyVersion | None:
        """Return the version that holds in exactly this scope at an instant."""
        starts = self._starts.get((kind, scope))
        if not starts:
            return None
        place = bisect_right(starts, at)
        return self._versions[kind, scope][place - 1] if place else None

    def next_start(self, after: datetime) -> datetime | None:
        """Return when the next version of any policy begins to hold, None when none waits."""
        begins = (
            starts[place]
            for starts in self._starts.values()
            if (place := bisect_right(starts, after)) < len(starts)
        )
        return min(begins, default=None)

    def scopes(self, kind: PolicyKind[Body]) -> frozenset[Scope]:
        """Return every scope in which the kind was ever set, so that others need not be asked."""
        return frozenset(scope for name, scope in self._versions if name == kind.name)

    def versions(self, kind: PolicyKind[Body], scope: Scope) -> list[PolicyVersion]:
        """Return everything that was decided in exactly this scope, in the order it comes to hold.

        What holds at an instant is the last one that does not lie after it.
        """
        return list(self._versions.get((kind.name, scope), ()))

    def candidates(
        self,
        kind: PolicyKind[Body],
        at: datetime,
        *,
        location: str | None = None,
        category: Sequence[str] = (),
        channel: str | None = None,
        brand: str | None = None,
    ) -> list[Candidate]:
        """Return every scope that is asked, most specific first, with what is in force there.

        Args:
            kind: the policy kind.
            at: business time of the decision.
            location: code of the location it is made for.
            category: codes of the category and those above it, from the root to the leaf.
            channel: code of the channel.
            brand: code of the brand.
        """
        return [
            Candidate(scope, self.in_force(kind.name, scope, at))
            for scope in _asked(kind, location, category, channel, brand)
        ]

    def resolve(
        self,
        kind: PolicyKind[Body],
        at: datetime,
        *,
        location: str | None = None,
        category: Sequence[str] = (),
        channel: str | None = None,
        brand: str | None = None,
    ) -> tuple[Body, UUID | None]:
        """Return the value that holds and the version it comes from.

        Arguments as of :meth:`candidates`. The kind's default and None where nothing is set.
        """
        # Most kinds are never set: what is asked for each line of an order has to cost nothing.
        if kind.name not in self._kinds:
            return kind.default, None
        for scope in _asked(kind, location, category, channel, brand):
            version = self.in_force(kind.name, scope, at)
            if version is not None and version.value is not None:
                return self._value(kind, version.id, version.value), version.id
        return kind.default, None

    def undone(
        self, version: PolicyVersion, now: datetime
    ) -> tuple[datetime, dict[str, Any] | None]:
        """Return from when a version is taken back, and the value that holds again from then on.

        What was decided under it stays decided, so the undo starts now, or with the version itself
        when that lies ahead.

        Raises:
            PolicySuperseded: another version is in force at that instant.
        """
        start = max(version.valid_from, now)
        key = (version.kind, version.scope)
        until = bisect_right(self._starts.get(key, []), start)
        known = self._versions.get(key, [])[:until]
        if not known or known[-1].id != version.id:
            raise PolicySuperseded
        return start, known[-2].value if len(known) > 1 else None

    def _value(self, kind: PolicyKind[Body], version_id: UUID, value: dict[str, Any]) -> Body:
        decoded = self._decoded.get(version_id)
        if decoded is None:
            decoded = self._decoded[version_id] = kind.read(value)
        return cast(Body, decoded)


def _asked(
    kind: PolicyKind[Any],
    location: str | None,
    category: Sequence[str],
    channel: str | None,
    brand: str | None,
) -> Iterator[Scope]:
    """Yield the scopes that are asked, most specific first; see :meth:`PolicyBook.candidates`."""
    codes: dict[ScopeType, Iterable[str]] = {
        "location": () if location is None else (location,),
        "category": reversed(category),
        "channel": () if channel is None else (channel,),
        "brand": () if brand is None else (brand,),
        "tenant": ("",),
    }
    for scope_type in SCOPE_TYPES:
        if scope_type in kind.scopes:
            for code in codes[scope_type]:
                yield Scope(scope_type, code)


def refuse_scope(kind: PolicyKind[Body], scope: Scope) -> None:
    """Refuse a scope the kind cannot be set for.

    Raises:
        ScopeNotAllowed: the type is not one of the kind's, or a code is missing or too much.
    """
    if scope.type not in kind.scopes or (scope.type == "tenant") != (scope.code == ""):
        raise ScopeNotAllowed(
            pointer="/scope", name=kind.name, type=scope.type, allowed=", ".join(kind.scopes)
        )
