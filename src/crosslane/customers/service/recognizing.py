"""Who somebody is: find or make customers, plural first, and read them."""

from collections.abc import Sequence
from uuid import UUID

from crosslane.customers.domain import (
    Customer,
    CustomerRef,
    Identity,
    Newcomer,
    identities_of,
    possible_values,
    recognized,
)
from crosslane.customers.errors import UnknownCustomer
from crosslane.customers.storage import customers as storage
from crosslane.customers.storage.customers import NewCustomer
from crosslane.kernel import Refusal, new_id
from crosslane.platform.database import Tx
from crosslane.platform.search import search_words

# A customer into whom more were merged is a mistake of whoever merges.
MERGED_IDS_MAX = 1_000
SEARCH_IDS_MAX = 50
NAME_CHARACTERS_MAX = 200


async def identify(tx: Tx, refs: Sequence[CustomerRef]) -> list[Customer | Refusal]:
    """Return who each reference is, making a guest of whoever is not known.

    The strongest identity given decides alone: account number, the channel's own identifier,
    e-mail, telephone. Somebody with only a name is somebody new. Two statements when all are known,
    four otherwise.

    Args:
        tx: open transaction.
        refs: who is meant; a malformed one is answered with its refusal, the others are not harmed.
    """
    answers: list[Customer | Refusal | None] = [None] * len(refs)
    wanted: list[tuple[Identity, ...]] = []
    places: list[int] = []
    for place, ref in enumerate(refs):
        try:
            wanted.append(identities_of(ref))
            places.append(place)
        except Refusal as refusal:
            answers[place] = refusal
    found = await _find_or_make(tx, [refs[place] for place in places], wanted)
    people = await customers_by_id(tx, found)
    for place, customer_id in zip(places, found, strict=True):
        answers[place] = people[customer_id]
    return [answer for answer in answers if answer is not None]


async def customers_by_id(
    tx: Tx, ids: Sequence[UUID], *, owner: UUID | None = None
) -> dict[UUID, Customer]:
    """Return customers by the identifier asked for; one that was merged answers as its successor.

    Args:
        tx: open transaction.
        ids: which ones; unknown ones are left out.
        owner: the only customer who may be seen, None for anyone.
    """
    return await storage.customers_by_id(tx, ids, owner=owner) if ids else {}


async def customer(tx: Tx, customer_id: UUID, *, owner: UUID | None = None) -> Customer:
    """Return one customer.

    Raises:
        UnknownCustomer: there is none, or it is not the caller's to see.
    """
    found = await customers_by_id(tx, [customer_id], owner=owner)
    if customer_id not in found:
        raise UnknownCustomer
    return found[customer_id]


async def list_customers(
    tx: Tx,
    *,
    after: UUID | None,
    limit: int,
    query: str = "",
    group: str = "",
    country: str = "",
    owner: UUID | None = None,
    latest: bool = False,
) -> list[Customer]:
    """Return customers in the order in which they came, or the other way round.

    Args:
        tx: open transaction.
        after: the last one seen.
        limit: most to return.
        query: words of a name, or a whole e-mail address, telephone or account number.
        group: only of this group.
        country: ISO 3166-1 code for a national telephone number.
        owner: the only customer who may be seen, None for anyone.
        latest: the latest first.
    """
    wanted = " ".join(query.split())
    return await storage.list_customers(
        tx,
        after=after or (UUID(int=2**128 - 1) if latest else UUID(int=0)),
        latest=latest,
        owner=owner,
        group=group,
        words=search_words(wanted) if wanted else None,
        identity_values=possible_values(wanted, country) if wanted else [],
        limit=limit,
    )


async def search(
    tx: Tx, words: str, *, country: str = "", limit: int = SEARCH_IDS_MAX
) -> list[UUID]:
    """Return identifiers of customers that fit what a person typed, merged ones too, latest first.

    Args:
        tx: open transaction.
        words: words of a name, or a whole e-mail address, telephone or account number.
        country: ISO 3166-1 code for a national telephone number.
        limit: most to return.
    """
    wanted = " ".join(words.split())
    if not wanted:
        return []
    return await storage.list_matching_ids(
        tx,
        words=search_words(wanted),
        identity_values=possible_values(wanted, country),
        limit=limit,
    )


async def merged_ids(tx: Tx, customer_id: UUID) -> list[UUID]:
    """Return every identifier a customer's orders may name: its own and those merged into it."""
    return await storage.list_merged_ids(tx, customer_id, limit=MERGED_IDS_MAX)


async def _find_or_make(
    tx: Tx, refs: Sequence[CustomerRef], wanted: Sequence[tuple[Identity, ...]]
) -> list[UUID]:
    every = {identity for identities in wanted for identity in identities}
    owners = await storage.find_owners(tx, every) if every else {}
    answers, newcomers = recognized(wanted, owners, [new_id() for _ in refs])
    if not newcomers:
        return answers
    await storage.insert_customers(tx, [guest_of(refs[n.place], n) for n in newcomers])
    claimed = {identity: n.id for n in newcomers for identity in n.identities}
    inserted = await storage.insert_identities(tx, claimed) if claimed else set()
    if len(inserted) == len(claimed):
        return answers
    return await _yielded(tx, answers, newcomers, inserted)


async def _yielded(
    tx: Tx, answers: list[UUID], newcomers: Sequence[Newcomer], inserted: set[Identity]
) -> list[UUID]:
    """Give way where somebody else made the same customer in the meantime."""
    lost = {n.id: n.identities[0] for n in newcomers if n.identities}
    lost = {new: decisive for new, decisive in lost.items() if decisive not in inserted}
    owners = await storage.find_owners(tx, lost.values())
    await storage.delete_strays(tx, list(lost))
    instead = {new: owners[decisive] for new, decisive in lost.items()}
    return [instead.get(answer, answer) for answer in answers]


def guest_of(ref: CustomerRef, newcomer: Newcomer) -> NewCustomer:
    """Return the customer to be made for a reference that fits nobody known."""
    return NewCustomer(
        id=newcomer.id,
        kind="organization" if ref.account_number else "person",
        name=" ".join(ref.name.split())[:NAME_CHARACTERS_MAX],
        group="",
        payment_terms_days=None,
        locale=ref.locale,
        guest=True,
    )
