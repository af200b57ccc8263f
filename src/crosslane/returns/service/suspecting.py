"""Weighing returns by what is known of their customers, receipts, staff and stores.

A batch of returns takes one statement to look up what came before and one to keep what was found;
the rest of the past is asked for only where it matters, which is rare.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Literal
from uuid import UUID

import msgspec

from crosslane import orders
from crosslane.orders import BoughtBetween
from crosslane.platform import log
from crosslane.platform.database import Tx
from crosslane.returns.domain import Return
from crosslane.returns.domain.abuse import (
    Finding,
    Past,
    Trait,
    one_person,
    wants_bought,
    wants_pair,
    wants_store,
    weigh,
)
from crosslane.returns.domain.abuse_policy import Abuse
from crosslane.returns.storage import abuse
from crosslane.returns.storage.abuse import Ask, AtStore, Between, Found, Verdict


class Suspect(msgspec.Struct, kw_only=True):
    """A return that is to be weighed.

    Args:
        trait: how it looks.
        sold: units that its receipt was given for, by SKU; None when it cannot be looked up.
        policy: what holds for it; likewise its version.
        happened: the money has been given, so that it waits for nobody.
    """

    trait: Trait
    sold: Mapping[str, int] | None
    policy: Abuse
    policy_id: UUID | None = None
    happened: bool = False


async def suspect(tx: Tx, suspects: Sequence[Suspect]) -> dict[UUID, list[Finding]]:
    """Weigh returns, earlier ones of the same batch before later ones, and keep what is found.

    Returns:
        What was found, by return; returns in which nothing was found are left out.
    """
    pasts = await _pasts(tx, suspects)
    findings: dict[UUID, list[Finding]] = {}
    found: list[Found] = []
    for one, past in zip(suspects, pasts, strict=True):
        mine = weigh(one.trait, past, one.policy)
        if one.happened:
            mine = [msgspec.structs.replace(each, held=False) for each in mine]
        if mine:
            findings[one.trait.return_id] = mine
            found += [Found.of(one.trait, each, tx.now, one.policy_id) for each in mine]
    await abuse.save_traits(tx, [one.trait for one in suspects], found)
    return findings


def verdict_of(
    one: Return, outcome: Literal["cleared", "declined"], reason: str, cause: log.Cause
) -> Verdict:
    """Return what a person made of the suspicions of a return."""
    return Verdict(return_id=one.id, outcome=outcome, reason=reason, actor=str(cause.actor))


async def _pasts(tx: Tx, suspects: Sequence[Suspect]) -> list[Past]:
    """Return what is known of each return, of those before it in the batch too."""
    traits = [one.trait for one in suspects]
    earlier = await abuse.list_earlier(tx, [_ask(n, one) for n, one in enumerate(suspects)])
    persons: list[list[Trait]] = []
    receipts: list[list[Trait]] = []
    for n, trait in enumerate(traits):
        same = [each for each in traits[:n] if each.is_of(trait)]
        persons.append([*earlier.get((n, "person"), ()), *same])
        same = [each for each in traits[:n] if each.receipt == trait.receipt != ""]
        receipts.append([*earlier.get((n, "receipt"), ()), *same])
    bought = await _bought(tx, suspects, persons)
    pairs = await _pairs(tx, suspects)
    stores = await _stores(tx, suspects, persons)
    return [
        Past(
            person=persons[n],
            bought_minor=bought.get(n, 0),
            receipt=receipts[n],
            sold=one.sold,
            pair=[*pairs.get(n, ()), *(t for t in traits[:n] if t.is_between(one.trait.pair))],
            store_returns=stores.get(n, 0) + sum(t.feeds(one.trait) for t in traits[:n]),
        )
        for n, one in enumerate(suspects)
    ]


def _ask(place: int, one: Suspect) -> Ask:
    trait, policy = one.trait, one.policy
    return Ask(
        place=place,
        return_id=trait.return_id,
        customer_id=trait.customer,
        card=trait.card,
        person_since=trait.at - timedelta(days=policy.person_days),
        receipt=trait.receipt,
        receipt_since=trait.at - timedelta(days=policy.receipt_reuse.window_days),
    )


async def _bought(
    tx: Tx, suspects: Sequence[Suspect], persons: Sequence[Sequence[Trait]]
) -> dict[int, int]:
    """Return what persons with many returns have bought, their nameless receipts too."""
    places: list[int] = []
    asked: list[BoughtBetween] = []
    nameless: list[int] = []
    for n, (one, person) in enumerate(zip(suspects, persons, strict=True)):
        if not wants_bought(one.trait, person, one.policy):
            continue
        mine = [*one_person(one.trait, person, one.policy), one.trait]
        rule = one.policy.serial_returner
        since = one.trait.at - timedelta(days=rule.window_days)
        until = one.trait.at - timedelta(days=rule.grace_days)
        names = frozenset(each.customer for each in mine if each.customer)
        receipts = {
            each.receipt: each.receipt_minor
            for each in mine
            if each.customer is None and each.sold_at and since < each.sold_at <= until
        }
        places.append(n)
        asked.append(BoughtBetween(names, since, until))
        nameless.append(sum(receipts.values()))
    sums = await orders.sum_bought(tx, asked) if asked else []
    return {n: minor + more for n, minor, more in zip(places, sums, nameless, strict=True)}


async def _pairs(tx: Tx, suspects: Sequence[Suspect]) -> dict[int, list[Trait]]:
    asked = [
        Between(
            place=n,
            first=one.trait.taken_by,
            second=one.trait.sold_by,
            since=one.trait.at - timedelta(days=one.policy.staff_loop.window_days),
        )
        for n, one in enumerate(suspects)
        if wants_pair(one.trait, one.policy)
    ]
    return await abuse.list_between(tx, asked) if asked else {}


async def _stores(
    tx: Tx, suspects: Sequence[Suspect], persons: Sequence[Sequence[Trait]]
) -> dict[int, int]:
    asked = [
        AtStore(
            place=n,
            location_id=one.trait.location,
            since=one.trait.at - timedelta(days=one.policy.credit_farming.window_days),
        )
        for n, (one, person) in enumerate(zip(suspects, persons, strict=True))
        if one.trait.location and wants_store(one.trait, person, one.policy)
    ]
    return await abuse.count_credited(tx, asked) if asked else {}
