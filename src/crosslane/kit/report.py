"""What the kit has found: a check for each rule, with what breaks it and where."""

from collections.abc import Sequence
from typing import Literal

import msgspec

FINDINGS_SHOWN_MAX = 20
State = Literal["passed", "failed", "unshown", "told"]


class Finding(msgspec.Struct, frozen=True):
    """Something that breaks a rule.

    Args:
        where: the fixture, and the place in it.
        what: what is wrong.
    """

    where: str
    what: str


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a rule.

    Args:
        rule: its name.
        state: kept; broken; kept as far as fixtures show what is declared, which they do not all;
            or only told, such as a speed.
        detail: how much was tried, in words.
        findings: what breaks it, at most FINDINGS_SHOWN_MAX.
        more: how many findings there are besides.
    """

    rule: str
    state: State
    detail: str
    findings: tuple[Finding, ...] = ()
    more: int = 0

    @classmethod
    def of(
        cls, rule: str, detail: str, findings: list[Finding], unshown: Sequence[Finding] = ()
    ) -> "Check":
        """Return a rule as kept when nothing breaks it, and everything is shown."""
        found = [*findings, *unshown]
        return cls(
            rule=rule,
            state="failed" if findings else "unshown" if unshown else "passed",
            detail=detail,
            findings=tuple(found[:FINDINGS_SHOWN_MAX]),
            more=max(0, len(found) - FINDINGS_SHOWN_MAX),
        )


class Capability(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of message that goes one way or the other.

    Args:
        kind: of canonical messages.
        shown: how many fixtures bring it; of what is told, how many conversations tell it.
        note: what it becomes there, as the family says.
        proof: what has proved it besides the kit, as its fixtures say.
    """

    kind: str
    shown: int
    note: str = ""
    proof: str = ""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """How a family has done.

    Args:
        family: its name.
        package: where it comes from, "" for the house.
        long: whether the long form was run.
        checks: rule by rule.
        brings, tells: what it can.
        lacks: what its channels cannot do, and what is done instead.
        fetches: what is fetched from its channels, "" for nothing.
    """

    family: str
    package: str = ""
    long: bool = False
    checks: tuple[Check, ...]
    brings: tuple[Capability, ...] = ()
    tells: tuple[Capability, ...] = ()
    lacks: dict[str, str] = {}
    fetches: str = ""

    @property
    def passed(self) -> bool:
        """Whether every rule is kept, and everything that is declared is shown."""
        return all(check.state in ("passed", "told") for check in self.checks)

    def check(self, rule: str) -> Check:
        """Return what became of a rule.

        Raises:
            KeyError: it was not tried.
        """
        for one in self.checks:
            if one.rule == rule:
                return one
        raise KeyError(rule)
