"""Customers in bulk: registered, or changed where they are known."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any
from uuid import UUID

import msgspec

from crosslane.customers.domain import Customer, Identity
from crosslane.customers.errors import (
    OtherKindOfCustomer,
    RowInvalid,
    TooManyOfCustomer,
)
from crosslane.customers.service.keeping import (
    IDENTITIES_MAX,
    RegisterCustomer,
    checked,
    held,
    register,
    taken,
)
from crosslane.customers.service.recognizing import customers_by_id
from crosslane.customers.storage import customers as storage
from crosslane.kernel import Refusal, RowProblem
from crosslane.organization import require_locale
from crosslane.platform import audit
from crosslane.platform.database import Tx

IMPORT_ROWS_MAX = 5_000


class ImportCustomers(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Customers in bulk.

    Args:
        rows: customers, each as in RegisterCustomer.
        dry_run: check everything and save nothing.
    """

    rows: Annotated[list[dict[str, Any]], msgspec.Meta(min_length=1, max_length=IMPORT_ROWS_MAX)]
    dry_run: bool = False


class CustomersImported(msgspec.Struct, frozen=True):
    """What an import did, or with ``dry_run`` would do, and why it refused some rows.

    Args:
        customer_ids: one per row; None for a refused one, and for a new one of a dry run.
    """

    created: int
    changed: int
    unchanged: int
    refused: int
    customer_ids: list[UUID | None]
    problems: list[RowProblem]
    dry_run: bool


class _Row(msgspec.Struct, frozen=True):
    wish: RegisterCustomer
    identities: tuple[Identity, ...]


async def import_customers(
    tx: Tx, wanted: ImportCustomers, *, owner: UUID | None = None
) -> CustomersImported:
    """Register customers, and change those that are known.

    Who a row is, its strongest identity decides: account number, the channel's identifier, e-mail,
    telephone. What else it is known by is added, name and terms are as the row says. A row with an
    identity of somebody else, or of an earlier row, is told and left out.

    Args:
        tx: open transaction.
        wanted: the rows.
        owner: the only known customer who may be changed, None for anyone.

    Raises:
        IdentityTaken: another transaction has just given one away; nothing is saved.
    """
    refusals: dict[int, Refusal] = {}
    rows = _read(wanted.rows, refusals)
    owners = await storage.find_owners(tx, [i for row in rows.values() for i in row.identities])
    leads = {place: owners.get(row.identities[0]) for place, row in rows.items()}
    known_ids = sorted({lead for lead in leads.values() if lead is not None})
    known_ids = [lead for lead in known_ids if owner in (None, lead)]
    load = customers_by_id if wanted.dry_run else held
    known = await load(tx, known_ids)
    new: dict[int, RegisterCustomer] = {}
    same: dict[int, Customer] = {}
    met: set[UUID] = set()
    for place, row in rows.items():
        lead = leads[place]
        try:
            _refuse_others(row, lead, owners)
            if lead is None:
                new[place] = row.wish
            else:
                same[place] = _require_fit(row, None if lead in met else known.get(lead))
                met.add(lead)
        except Refusal as refusal:
            refusals[place] = refusal
    changed = {p: one for p, one in same.items() if _differs(rows[p], one)}
    ids: dict[int, UUID] = {place: customer.id for place, customer in same.items()}
    if not wanted.dry_run:
        for place, answer in zip(new, await register(tx, list(new.values())), strict=True):
            if isinstance(answer, Refusal):
                refusals[place] = answer
            else:
                ids[place] = answer.id
        await _save(tx, {p: (rows[p], one) for p, one in changed.items()})
    result = CustomersImported(
        created=sum(place not in refusals for place in new),
        changed=len(changed),
        unchanged=len(same) - len(changed),
        refused=len(refusals),
        customer_ids=[ids.get(place) for place in range(len(wanted.rows))],
        problems=[
            RowProblem.of(place, refusals[place], at=f"/rows/{place}") for place in sorted(refusals)
        ],
        dry_run=wanted.dry_run,
    )
    # One row for the whole besides those of the changed: it names nobody but by identifiers.
    await audit.record(tx, [audit.Change(action="customers.import", after=result)])
    return result


def _read(given: Sequence[Mapping[str, Any]], refusals: dict[int, Refusal]) -> dict[int, _Row]:
    rows: dict[int, _Row] = {}
    seen: set[Identity] = set()
    for place, row in enumerate(given):
        try:
            wish = _wish(row)
            identities = checked(wish)
            for identity in identities:
                if identity in seen:
                    raise taken(identity)
            seen.update(identities)
            rows[place] = _Row(wish, identities)
        except Refusal as refusal:
            refusals[place] = refusal
    return rows


def _wish(row: Mapping[str, Any]) -> RegisterCustomer:
    try:
        return msgspec.convert(row, RegisterCustomer)
    except msgspec.ValidationError as error:
        reason, _, path = str(error).partition(" - at `$")
        pointer = path.rstrip("`").partition("[...]")[0].replace(".", "/")
        raise RowInvalid(pointer=pointer, reason=reason.replace("`", "'")) from None


def _refuse_others(row: _Row, lead: UUID | None, owners: Mapping[Identity, UUID]) -> None:
    for identity in row.identities:
        if owners.get(identity, lead) != lead:
            raise taken(identity)


def _require_fit(row: _Row, known: Customer | None) -> Customer:
    if known is None:
        raise taken(row.identities[0])
    if known.kind != row.wish.kind and not known.guest:
        raise OtherKindOfCustomer(pointer="/kind")
    if len({*known.identities, *row.identities}) > IDENTITIES_MAX:
        raise TooManyOfCustomer(most=IDENTITIES_MAX, things="identities")
    return known


def _differs(row: _Row, known: Customer) -> bool:
    return _as_told(row, known) != known or not set(row.identities) <= set(known.identities)


def _as_told(row: _Row, known: Customer) -> Customer:
    return msgspec.structs.replace(
        known,
        kind=row.wish.kind,
        name=" ".join(row.wish.name.split()),
        group=row.wish.group,
        payment_terms_days=row.wish.payment_terms_days,
        locale=require_locale(row.wish.locale) if row.wish.locale else "",
        guest=False,
    )


async def _save(tx: Tx, changes: Mapping[int, tuple[_Row, Customer]]) -> None:
    if not changes:
        return
    claimed = {
        identity: known.id
        for row, known in changes.values()
        for identity in row.identities
        if identity not in known.identities
    }
    inserted = await storage.insert_identities(tx, claimed)
    if lost := claimed.keys() - inserted:
        raise taken(min(lost))
    await storage.update_customers(tx, [_as_told(row, known) for row, known in changes.values()])
    now = await customers_by_id(tx, [known.id for _, known in changes.values()])
    await audit.record(
        tx,
        [
            audit.Change(
                action="customers.import",
                subject=f"customer:{known.id}",
                before=known,
                after=now[known.id],
            )
            for _, known in changes.values()
        ],
    )
