"""What rules are called, and the words of scopes; a kind that is not named here says its own."""

from collections.abc import Iterable, Mapping

import msgspec

from crosslane import catalog, locations, organization
from crosslane.apps.office.rule_fields import title_of
from crosslane.organization import Scope, ScopeType
from crosslane.platform.database import Tx

AREAS = {
    "catalog": "Catalog",
    "inventory": "Stock",
    "sourcing": "Sourcing",
    "pricing": "Prices",
    "carts": "Carts",
    "channels": "Channels",
    "orders": "Orders",
    "fulfillment": "Fulfillment",
    "transfers": "Transfers",
    "vendors": "Vendors",
    "returns": "Returns",
    "payments": "Payments",
    "engagement": "Messages to customers",
    "documents": "Documents",
}
TITLES = {
    "carts.keeping": "How long carts last",
    "catalog.fulfillment": "How goods reach customers",
    "channels.mastery": "What a channel is the master of",
    "channels.offering": "What a channel may sell",
    "channels.packs": "What a channel orders in",
    "channels.telling": "What a channel is told",
    "documents.issue": "Which sales get a document",
    "engagement.messages": "What customers are told",
    "fulfillment.dispatch": "How locations take on work",
    "inventory.ring_fence": "Ring-fences",
    "inventory.safety_stock": "Safety stock",
    "inventory.vendor_supply": "Promising what vendors have",
    "orders.appeasement": "Goodwill budgets",
    "orders.grace": "How long customers may change orders",
    "orders.intake": "How orders are taken in",
    "payments.refunds": "Refunds and cash limits",
    "payments.stored_value": "Gift cards and store credit",
    "pricing.price_source": "Who sets prices",
    "pricing.quote": "How long a quote holds",
    "returns.abuse": "Suspicious returns",
    "returns.handling_credit": "Credit for taking back",
    "returns.labels": "Return labels",
    "returns.policy": "What may come back",
    "sourcing.dangerous_goods": "Who may send dangerous goods",
    "sourcing.markdown": "What should go before markdown",
    "sourcing.offers": "How long an offer holds",
    "sourcing.prices": "What stock is worth to later orders",
    "sourcing.reoptimisation": "Deciding open orders together",
    "sourcing.settings": "Costs and liberties of sourcing",
    "transfers.travel": "How long transfers travel",
    "vendors.ordering": "Purchase orders",
}
SCOPES: dict[ScopeType, str] = {
    "location": "Location",
    "category": "Category",
    "channel": "Channel",
    "brand": "Brand",
    "tenant": "Everywhere",
}
SCOPES_OFFERED_MAX = 1_000


class Place(msgspec.Struct, frozen=True):
    """A scope and what people call it.

    Args:
        scope: which.
        name: of the location, category, channel or brand; "" for the tenant.
    """

    scope: Scope
    name: str = ""

    @property
    def key(self) -> str:
        """Return what stands for it in an address or a form."""
        return key_of(self.scope)


class Places:
    """Everything a rule may be set for, by its scope."""

    def __init__(self, places: Iterable[Place]) -> None:
        self._known: Mapping[Scope, Place] = {place.scope: place for place in places}

    def of(self, scope: Scope) -> Place:
        """Return a place; one that is not known any more is called by its code."""
        return self._known.get(scope) or Place(scope, scope.code)

    def choices(self, scope_type: ScopeType) -> list[tuple[str, str]]:
        """Return what may be chosen of a type, as (code, text), so many and no more."""
        fit = sorted((p for p in self._known.values() if p.scope.type == scope_type), key=_by_code)
        return [
            (p.scope.code, p.scope.code if p.name == p.scope.code else f"{p.scope.code} · {p.name}")
            for p in fit[:SCOPES_OFFERED_MAX]
        ]

    def offered(self, kind: organization.PolicyKind) -> dict[ScopeType, list[Place]]:
        """Return where a kind may be set, the widest first, so many of each type and no more."""
        found: dict[ScopeType, list[Place]] = {}
        for scope_type in reversed(organization.SCOPE_TYPES):
            if scope_type in kind.scopes:
                fit = [p for p in self._known.values() if p.scope.type == scope_type]
                found[scope_type] = sorted(fit, key=_by_code)[:SCOPES_OFFERED_MAX]
        return found


def _by_code(place: Place) -> str:
    return place.scope.code


def kind_title(name: str) -> str:
    """Return what a kind of rule is called, in the language of the source."""
    return TITLES.get(name) or title_of(name.partition(".")[2])


def area_title(name: str) -> str:
    """Return what the area of a kind of rule is called, in the language of the source."""
    area = name.partition(".")[0]
    return AREAS.get(area) or title_of(area)


def key_of(scope: Scope) -> str:
    """Return what stands for a scope in an address or a form, such as ``channel:web``."""
    return scope.type if scope.type == "tenant" else f"{scope.type}:{scope.code}"


def scope_of(key: str) -> Scope:
    """Return the scope of a key; one that is malformed is refused where it is used."""
    scope_type, _, code = key.partition(":")
    known = scope_type if scope_type in organization.SCOPE_TYPES else "tenant"
    return Scope(known, code)  # type: ignore[arg-type]


async def places(tx: Tx) -> Places:
    """Return everything a rule may be set for."""
    book = await organization.book(tx)
    network = await locations.network(tx)
    tree = await catalog.category_tree(tx)
    return Places(
        [
            Place(organization.TENANT),
            *(Place(Scope("brand", one.code), one.name) for one in book.brands.values()),
            *(Place(Scope("channel", one.code), one.name) for one in book.channels.values()),
            *(Place(Scope("category", one.code), one.name) for one in tree.by_code.values()),
            *(Place(Scope("location", one.code), one.name) for one in network.by_code.values()),
        ]
    )
