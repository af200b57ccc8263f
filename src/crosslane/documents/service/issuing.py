"""Issuing: what events tell becomes numbered documents, once per cause and many at a time."""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

import msgspec

from crosslane import catalog, customers, orders, organization, returns
from crosslane.catalog import Variant
from crosslane.documents import storage
from crosslane.documents.domain import (
    ISSUE,
    Buyer,
    Cause,
    Content,
    Issue,
    Line,
    Named,
    Reference,
    corrected,
    day_of,
    is_issued,
    kept_until,
    kind_of,
    lines_of,
    seller_of,
    taxes_of,
)
from crosslane.documents.events import DocumentIssued
from crosslane.documents.storage import Document
from crosslane.kernel import new_id
from crosslane.orders import Order
from crosslane.organization import Channel, DocumentKind, OrganizationBook
from crosslane.platform import log
from crosslane.platform.database import Tx
from crosslane.returns import Return

UNNUMBERED = ""


class Wanted(msgspec.Struct, frozen=True):
    """A cause that gets a document."""

    cause: Cause
    kind: DocumentKind
    channel: Channel
    rules: Issue
    order: Order | None

    @property
    def locale(self) -> str:
        """The order's, else the channel's."""
        return self.order.locale if self.order else self.channel.locale


class Around(msgspec.Struct, frozen=True):
    """What documents are drawn up from besides their causes.

    Args:
        book: who sells what where.
        names: how lines and charges of the orders in question are called, by order.
        returns: the returns in question.
        titles: articles that came back without an order, by article and locale.
    """

    book: OrganizationBook
    names: Mapping[UUID, Mapping[UUID, Named]]
    returns: Mapping[UUID, Return]
    titles: Mapping[tuple[UUID, str], Variant]


async def issue(tx: Tx, causes: Sequence[Cause]) -> None:
    """Issue the documents that causes ask for; what has one, or gets none, is passed over.

    Args:
        tx: open transaction.
        causes: in the order in which their documents are numbered.
    """
    wanted = await _wanted(tx, causes)
    if not wanted:
        return
    near = await _around(tx, wanted)
    earlier = await storage.list_of_orders(
        tx, [want.order.id for want in wanted if want.order and want.kind == "credit_note"]
    )
    buyers = await _buyers(tx, wanted, near)
    drafts = [_draft(tx, want, buyer, near) for want, buyer in zip(wanted, buyers, strict=True)]
    issued = _with_references(await _numbered(tx, drafts), earlier)
    await storage.insert_documents(tx, issued)
    await log.append(tx, [_told(document) for document in issued])


async def _wanted(tx: Tx, causes: Sequence[Cause]) -> list[Wanted]:
    """Return what is to be documented: worth something, wished by policy, not documented yet."""
    asked = [(cause, kind) for cause in causes if (kind := kind_of(cause.amounts))]
    if not asked:
        return []
    heads = await orders.list_heads(tx, [cause.order_id for cause, _ in asked if cause.order_id])
    book, policies = await organization.book(tx), await organization.policies(tx)
    wanted = []
    for cause, kind in asked:
        order = heads[cause.order_id] if cause.order_id else None
        channel_id = cause.channel_id or (order.channel_id if order else None)
        if channel_id is None:
            continue
        channel = book.channel_by_id(channel_id)
        rules, _ = policies.resolve(ISSUE, cause.at, channel=channel.code, brand=channel.brand)
        if is_issued(rules, channel.type):
            wanted.append(Wanted(cause, kind, channel, rules, order))
    if not wanted:
        return []
    known = await storage.list_causes(
        tx, [want.cause.kind for want in wanted], [want.cause.id for want in wanted]
    )
    return [want for want in wanted if (want.cause.kind, want.cause.id) not in known]


async def _around(tx: Tx, wanted: Sequence[Wanted]) -> Around:
    return_ids = {want.cause.return_id for want in wanted if want.cause.return_id}
    blind: dict[str, set[UUID]] = {}
    for want in wanted:
        if want.order is None:
            known = blind.setdefault(want.locale, set())
            known |= {amount.variant_id for amount in want.cause.amounts if amount.variant_id}
    titles = {
        (variant_id, locale): variant
        for locale, variant_ids in blind.items()
        for variant_id, variant in (
            await catalog.variants_by_id(tx, list(variant_ids), locale=locale)
        ).items()
    }
    sold = await orders.list_titles(tx, [want.order.id for want in wanted if want.order])
    return Around(
        book=await organization.book(tx),
        names={
            order_id: {one.id: Named(one.place, one.title, one.sku, one.part_of) for one in titled}
            for order_id, titled in sold.items()
        },
        returns=await returns.list_returns(tx, list(return_ids)) if return_ids else {},
        titles=titles,
    )


async def _buyers(tx: Tx, wanted: Sequence[Wanted], near: Around) -> list[Buyer]:
    """Return whom documents are for: the name, and the address goods went to."""
    whom = [
        (want.order.customer_id, want.order.ship_address_id)
        if want.order
        else (_customer_of(want, near), None)
        for want in wanted
    ]
    once = list(dict.fromkeys(whom))
    found = dict(zip(once, await customers.buyers_by_id(tx, once), strict=True))
    buyers = []
    for one in whom:
        person, snapshot = found[one].customer, found[one].address
        if snapshot:
            buyers.append(Buyer([line for line in customers.label_lines(snapshot.address) if line]))
        else:
            buyers.append(Buyer([person.name] if person and person.name else []))
    return buyers


def _customer_of(want: Wanted, near: Around) -> UUID | None:
    if want.order:
        return want.order.customer_id
    back = near.returns.get(want.cause.return_id) if want.cause.return_id else None
    return back.customer_id if back else None


def _draft(tx: Tx, want: Wanted, buyer: Buyer, near: Around) -> Document:
    """Return the document of a cause, still without number and references."""
    cause, channel, order = want.cause, want.channel, want.order
    entity = near.book.entity(channel.entity)
    names = near.names[order.id] if order else _blind_names(want, near)
    lines = lines_of(want.kind, cause.amounts, names)
    back = near.returns.get(cause.return_id) if cause.return_id else None
    issued_on = day_of(tx.now, channel.timezone)
    net, tax = sum(line.net_minor for line in lines), sum(line.tax_minor for line in lines)
    return Document(
        id=new_id(),
        number=UNNUMBERED,
        kind=want.kind,
        entity_id=entity.id,
        channel_id=channel.id,
        order_id=order.id if order else None,
        customer_id=_customer_of(want, near),
        cause_kind=cause.kind,
        cause_id=cause.id,
        locale=want.locale,
        currency=order.currency if order else channel.currency,
        net_minor=net,
        tax_minor=tax,
        gross_minor=net + tax,
        content=Content(
            seller=seller_of(entity, lines),
            brand=near.book.brand(channel.brand).name,
            order_number=order.number if order else "",
            source_id=order.source_id if order else "",
            ordered_on=day_of(order.placed_at, channel.timezone) if order else None,
            issued_on=issued_on,
            supplied_on=day_of(cause.occurred_at, channel.timezone),
            net_prices=channel.tax_mode == "exclusive",
            lines=lines,
            taxes=taxes_of(lines),
            return_number=back.number if back else "",
        ),
        buyer=buyer,
        occurred_at=cause.occurred_at,
        issued_at=tx.now,
        kept_until=kept_until(issued_on, want.rules.kept_years),
    )


def _blind_names(want: Wanted, near: Around) -> dict[UUID, Named]:
    """Return how articles are called that came back without an order."""
    names = {}
    for place, amount in enumerate(want.cause.amounts):
        variant = near.titles.get((amount.variant_id, want.locale)) if amount.variant_id else None
        if variant:
            names[amount.ref_id] = Named(place, variant.title, variant.sku)
    return names


async def _numbered(tx: Tx, drafts: Sequence[Document]) -> list[Document]:
    """Return documents with the next numbers of their series, in their order."""
    series: dict[tuple[UUID, DocumentKind], int] = {}
    for draft in drafts:
        key = draft.entity_id, draft.kind
        series[key] = series.get(key, 0) + 1
    numbers = {
        (entity_id, kind): iter(
            await organization.take_document_numbers(
                tx, entity_id=entity_id, kind=kind, count=series[entity_id, kind]
            )
        )
        for entity_id, kind in sorted(series)
    }
    return [
        msgspec.structs.replace(draft, number=next(numbers[draft.entity_id, draft.kind]))
        for draft in drafts
    ]


def _with_references(
    documents: Sequence[Document], earlier: Mapping[UUID, Sequence[Document]]
) -> list[Document]:
    """Return documents of which credit notes name what they correct, made before or just now."""
    known = {order_id: list(theirs) for order_id, theirs in earlier.items()}
    told = []
    for document in documents:
        if document.kind == "credit_note" and document.order_id:
            invoices = _invoices(known.get(document.order_id, []))
            references = corrected(document.content.lines, invoices)
            content = msgspec.structs.replace(document.content, references=references)
            document = msgspec.structs.replace(document, content=content)
        if document.order_id:
            known.setdefault(document.order_id, []).append(document)
        told.append(document)
    return told


def _invoices(documents: Iterable[Document]) -> list[tuple[Reference, frozenset[UUID]]]:
    return [
        (Reference(one.number, one.content.issued_on), _refs(one.content.lines))
        for one in documents
        if one.kind == "invoice"
    ]


def _refs(lines: Iterable[Line]) -> frozenset[UUID]:
    return frozenset(line.ref_id for line in lines)


def _told(document: Document) -> DocumentIssued:
    return DocumentIssued(
        document_id=document.id,
        number=document.number,
        document_kind=document.kind,
        order_id=document.order_id,
        channel_id=document.channel_id,
        currency=document.currency,
        gross_minor=document.gross_minor,
    )
