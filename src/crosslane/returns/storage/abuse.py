"""Traits of returns, and what was found in them."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from crosslane.platform.database import Tx, columns
from crosslane.returns.domain.abuse import Finding, Reason, Trait

# Whoever has more in a window is found without the rest.
PERSON_RETURNS_MAX = 100
RECEIPT_RETURNS_MAX = 100
PAIR_RETURNS_MAX = 300
STORE_RETURNS_MAX = 1_000

_TRAIT = msgspec.json.Decoder(Trait)
_REASONS = msgspec.json.Decoder(list[Reason])


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """Which earlier returns matter to one, and since when."""

    place: int
    return_id: UUID
    customer_id: UUID | None
    card: str
    person_since: datetime
    receipt: str
    receipt_since: datetime


LIST_EARLIER = """
select w.place, p.part, to_json(p.t) as trait
from unnest($1::int[], $2::uuid[], $3::uuid[], $4::text[], $5::timestamptz[], $6::text[],
            $7::timestamptz[])
     as w(place, return_id, customer_id, card, person_since, receipt, receipt_since)
cross join lateral (
    (select 'person' as part, t from returns_trait t
     where t.customer_id = w.customer_id and t.at > w.person_since
     order by t.at desc limit $8)
    union all
    (select 'person', t from returns_trait t
     where t.card = w.card and t.card <> '' and t.at > w.person_since
       and t.customer_id is distinct from w.customer_id
     order by t.at desc limit $8)
    union all
    (select 'receipt', t from returns_trait t
     where t.receipt = w.receipt and t.receipt <> '' and t.at > w.receipt_since
     order by t.at desc limit $9)
) p
where (p.t).return_id <> w.return_id
"""


async def list_earlier(
    tx: Tx, asked: Sequence[Ask]
) -> dict[tuple[int, Literal["person", "receipt"]], list[Trait]]:
    """Return earlier returns of the same person, and on the same receipt, by place and part."""
    names = ("place", "return_id", "customer_id", "card", "person_since", "receipt")
    rows = await tx.fetch(
        LIST_EARLIER,
        *columns(asked, *names, "receipt_since"),
        PERSON_RETURNS_MAX,
        RECEIPT_RETURNS_MAX,
    )
    found: dict[tuple[int, Literal["person", "receipt"]], list[Trait]] = defaultdict(list)
    for row in rows:
        found[row["place"], row["part"]].append(_TRAIT.decode(row["trait"]))
    return found


class Between(msgspec.Struct, frozen=True, kw_only=True):
    """Two members of staff, and since when."""

    place: int
    first: str
    second: str
    since: datetime


LIST_BETWEEN = """
select w.place, to_json(p.t) as trait
from unnest($1::int[], $2::text[], $3::text[], $4::timestamptz[]) as w(place, first, second, since)
cross join lateral (
    (select t from returns_trait t
     where t.taken_by = w.first and t.sold_by = w.second and t.at > w.since
       and t.taken_by <> '' and t.sold_by <> ''
     order by t.at desc limit $5)
    union all
    (select t from returns_trait t
     where t.taken_by = w.second and t.sold_by = w.first and t.at > w.since
       and t.taken_by <> '' and t.sold_by <> '' and w.first <> w.second
     order by t.at desc limit $5)
) p
"""


async def list_between(tx: Tx, asked: Sequence[Between]) -> dict[int, list[Trait]]:
    """Return what passed between two members of staff, either way round, by place."""
    names = ("place", "first", "second", "since")
    found: dict[int, list[Trait]] = defaultdict(list)
    for row in await tx.fetch(LIST_BETWEEN, *columns(asked, *names), PAIR_RETURNS_MAX):
        found[row["place"]].append(_TRAIT.decode(row["trait"]))
    return found


class AtStore(msgspec.Struct, frozen=True, kw_only=True):
    """A store, and since when."""

    place: int
    location_id: UUID
    since: datetime


COUNT_CREDITED = """
select w.place, c.returns
from unnest($1::int[], $2::uuid[], $3::timestamptz[]) as w(place, location_id, since)
cross join lateral (
    select count(*)::int as returns from (
        select from returns_trait t
        where t.location_id = w.location_id and t.at > w.since and t.credited limit $4
    ) returned
) c
"""


async def count_credited(tx: Tx, asked: Sequence[AtStore]) -> dict[int, int]:
    """Return how many returns brought stores a credit, by place; at most STORE_RETURNS_MAX."""
    names = ("place", "location_id", "since")
    rows = await tx.fetch(COUNT_CREDITED, *columns(asked, *names), STORE_RETURNS_MAX)
    return {row["place"]: row["returns"] for row in rows}


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A suspicion as it is stored.

    Args:
        reasons: why, the weightiest first.
        policy_id: version of ``returns.abuse`` that was obeyed, None for the default.
        outcome: what a person made of it, None until then; likewise ``reason``, who and when.
    """

    return_id: UUID
    kind: str
    score: int
    hold_at: int
    held: bool
    reasons: list[Reason]
    policy_id: UUID | None = None
    found_at: datetime
    outcome: Literal["cleared", "declined"] | None = None
    reason: str = ""
    decided_by: str | None = None
    decided_at: datetime | None = None

    @classmethod
    def of(cls, trait: Trait, finding: Finding, at: datetime, policy_id: UUID | None) -> "Found":
        """Return a finding as it will be stored."""
        return cls(
            return_id=trait.return_id,
            kind=finding.kind,
            score=finding.score,
            hold_at=finding.hold_at,
            held=finding.held,
            reasons=list(finding.reasons),
            policy_id=policy_id,
            found_at=at,
        )


# A return that is weighed again, such as after more has come, is seen as it is then; what a person
# has said stays.
SAVE_TRAITS = """
with traits as (
    insert into returns_trait as t
    select * from jsonb_populate_recordset(null::returns_trait, $1)
    on conflict (return_id) do update set
        at = excluded.at, location_id = excluded.location_id, taken_by = excluded.taken_by,
        credited = excluded.credited, cash = excluded.cash, minor = excluded.minor,
        faulty_minor = excluded.faulty_minor, worn_minor = excluded.worn_minor,
        units = excluded.units, kept_nothing = excluded.kept_nothing
)
insert into returns_finding as f
select * from jsonb_populate_recordset(null::returns_finding, $2)
on conflict (return_id, kind) do update set
    score = excluded.score, hold_at = excluded.hold_at, held = excluded.held,
    reasons = excluded.reasons, policy_id = excluded.policy_id, found_at = excluded.found_at
where f.outcome is null
"""


async def save_traits(tx: Tx, traits: Sequence[Trait], found: Sequence[Found]) -> None:
    """Store how returns look, and what was found in them."""
    if traits:
        await tx.execute(SAVE_TRAITS, msgspec.json.encode(traits), msgspec.json.encode(found))


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What a person made of the suspicions of a return, and who it was."""

    return_id: UUID
    outcome: Literal["cleared", "declined"]
    reason: str
    actor: str


DECIDE_FINDINGS = """
with decided as (
    update returns_finding f set outcome = w.outcome, reason = w.reason, decided_by = w.actor,
        decided_at = $5
    from unnest($1::uuid[], $2::text[], $3::text[], $4::text[])
         as w(return_id, outcome, reason, actor)
    where f.return_id = w.return_id and f.outcome is null
    returning f.return_id, f.kind, f.outcome
)
update returns_trait t set cleared = t.cleared || c.kinds
from (
    select return_id, array_agg(kind) as kinds from decided where outcome = 'cleared' group by 1
) c
where t.return_id = c.return_id
"""


async def decide_findings(tx: Tx, verdicts: Sequence[Verdict]) -> None:
    """Store what people made of the suspicions of returns."""
    if verdicts:
        names = ("return_id", "outcome", "reason", "actor")
        await tx.execute(DECIDE_FINDINGS, *columns(verdicts, *names), tx.now)


LIST_FINDINGS = """
select return_id, kind, score, hold_at, held, reasons, policy_id, found_at, outcome, reason,
       decided_by, decided_at
from returns_finding
where ($1::uuid[] is null or return_id = any($1))
  and ($2::boolean is null or (held and outcome is null) = $2)
  and ($3::text is null or kind = $3)
  and ($4::timestamptz is null or (found_at, return_id, kind) < ($4, $5, $6))
order by found_at desc, return_id desc, kind desc limit $7
"""


async def list_findings(
    tx: Tx,
    *,
    return_ids: Sequence[UUID] | None = None,
    waiting: bool | None = None,
    kind: str | None = None,
    after: tuple[datetime, UUID, str] | None = None,
    limit: int,
) -> list[Found]:
    """Return suspicions that fit every filter given, the latest first."""
    seen_at, seen_id, seen_kind = after or (None, None, None)
    chosen = None if return_ids is None else list(return_ids)
    rows = await tx.fetch(LIST_FINDINGS, chosen, waiting, kind, seen_at, seen_id, seen_kind, limit)
    return [Found(**{**row, "reasons": _REASONS.decode(row["reasons"])}) for row in rows]
