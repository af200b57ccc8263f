"""Verify: recompute every derived value of a tenant from its journals, and tell what differs.

Each module of this folder has a list ``RULES``. A rule is one statement that returns a row
(subject, detail) per finding; a sound tenant has none. Rules share no SQL and no function with the
modules they check: what is wrong there must not be wrong here in the same way.
"""

import asyncio
import pkgutil
from collections.abc import Iterable
from importlib import import_module

import msgspec

from crosslane.platform.database import Database, Tx

FINDINGS_PER_RULE_MAX = 1_000
RULES_AT_ONCE = 2


class Rule(msgspec.Struct, frozen=True):
    """One thing that must hold.

    Args:
        name: ``<module>.<what must hold>``.
        sql: returns (subject, detail) as text for every row that breaks it.
    """

    name: str
    sql: str


class Finding(msgspec.Struct, frozen=True):
    """A row that breaks a rule.

    Args:
        rule: name of the rule.
        subject: the row, such as ``position:018f...``.
        detail: what was expected and what is there.
    """

    rule: str
    subject: str
    detail: str


def all_rules() -> list[Rule]:
    """Return the rules of every module, by module and in the order they stand there."""
    found: list[Rule] = []
    for module in sorted(info.name for info in pkgutil.iter_modules(__path__)):
        found.extend(import_module(f"{__name__}.{module}").RULES)
    return found


async def verify(tx: Tx, rules: Iterable[Rule] | None = None) -> list[Finding]:
    """Check a tenant and change nothing; each rule is one statement and so sees one moment.

    Args:
        tx: open transaction of the tenant.
        rules: which rules; all of them when absent.

    Returns:
        Every finding, at most FINDINGS_PER_RULE_MAX for each rule.
    """
    found: list[Finding] = []
    for rule in all_rules() if rules is None else rules:
        found += await _broken(tx, rule)
    return found


async def verify_tenant(database: Database, tenant: str) -> list[Finding]:
    """Check a tenant by every rule, RULES_AT_ONCE side by side, and change nothing.

    Args:
        database: with as many connections.
        tenant: its name.

    Returns:
        What :func:`verify` returns, in the same order.
    """
    rules = all_rules()
    found: dict[str, list[Finding]] = {}
    left = iter(rules)

    async def check() -> None:
        async with database.transaction(tenant, read_only=True) as tx:
            for rule in left:
                found[rule.name] = await _broken(tx, rule)

    async with asyncio.TaskGroup() as checks:
        for _ in range(RULES_AT_ONCE):
            checks.create_task(check())
    return [finding for rule in rules for finding in found[rule.name]]


async def _broken(tx: Tx, rule: Rule) -> list[Finding]:
    limited = f"select subject, detail from ({rule.sql}) as broken limit $1"  # noqa: S608
    rows = await tx.fetch(limited, FINDINGS_PER_RULE_MAX)
    return [Finding(rule.name, row["subject"], row["detail"]) for row in rows]
