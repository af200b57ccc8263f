"""The catalogue of public events: which there are, what they are called, what they leave out.

The name of a public event is its module and its class in snake case; a class that is public keeps
both, and its fields. A field is only ever added. What would break a reader becomes a new event
beside the old one, or a new version of its schema.

Personal data: events hold identifiers, amounts and codes. Words that a person has typed (reasons)
and who of the staff did it are left out, as are costs, which are nobody's business outside.
"""

import re
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from functools import lru_cache
from inspect import getdoc
from types import ModuleType
from typing import Any, cast

import msgspec

from crosslane import (
    carriers,
    catalog,
    channels,
    customers,
    documents,
    engagement,
    fulfillment,
    inventory,
    locations,
    orders,
    organization,
    payments,
    pricing,
    returns,
    transfers,
    vendors,
)
from crosslane.publishing import events as own

VERSION = 1
PATTERNS_KEPT_MAX = 1_000
_WORD = re.compile(r"(?<!^)(?=[A-Z])")


class PublicKind(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of event that others are told.

    Args:
        name: such as ``orders.order_placed``.
        event: the struct in the log.
        withheld: paths of fields that are left out, such as ``units.costs``; a list is passed
            through.
        version: of its schema.
    """

    name: str
    event: type[Any]
    withheld: tuple[str, ...] = ()
    version: int = VERSION

    @property
    def logged_as(self) -> str:
        """Its name in the log."""
        return self.event.kind()

    @property
    def summary(self) -> str:
        """What has happened, in one sentence."""
        return (getdoc(self.event) or "").partition("\n")[0]

    @property
    def channel_field(self) -> str:
        """The field that tells the channel it concerns; the order's channel for ``order_id``."""
        fields = self.event.__struct_fields__
        return next((f for f in ("channel_id", "channel", "order_id") if f in fields), "")


# What a person may have typed; reasons of payments are what a provider or the connection said.
TYPED = ("reason",)
_PUBLIC: Mapping[ModuleType, Mapping[str, tuple[str, ...]]] = {
    orders: {
        "OrderPlaced": (),
        "OrderReady": (),
        "StopRaised": (),
        "StopResolved": (),
        "MoneyProblemRaised": (),
        "MoneyProblemResolved": (),
        "LinesBackordered": (),
        "LinesResourced": (),
        "PromiseMoved": (),
        "LinesCancelled": TYPED,
        "UnitsRecalled": TYPED,
        "OrderAmended": (),
        "LinesHandedOver": ("units.costs",),
        "ChargesDue": (),
        "LinesCredited": (),
        "OrderClosed": (),
    },
    fulfillment: {
        "FulfillmentOffered": (),
        "FulfillmentAccepted": (),
        "FulfillmentRejected": TYPED,
        "UnitsPicked": (),
        "ParcelPacked": (),
        "ParcelShipped": (),
        "ParcelHandedOver": (),
        "ParcelDelivered": (),
        "TransferSent": (),
        "TransferArrived": (),
        "PickupReady": (),
        "PickupUnclaimed": (),
        "PickupCollected": (),
        "FulfillmentCancelled": (),
    },
    inventory: {
        "AvailabilityMoved": (),
        "StockAdjusted": (),
        "StockReceived": (),
        "StockShort": (),
        "IncomingChanged": (),
        "IncomingFreed": (),
    },
    catalog: {"ProductsChanged": ()},
    pricing: {
        "PriceListChanged": (),
        "PricesChanged": (),
        "TaxesChanged": (),
        "ShippingPricesChanged": (),
        "PromotionChanged": (),
    },
    payments: {
        "PaymentAuthorized": (),
        "PaymentDeclined": (),
        "PaymentArrivedLate": (),
        "PaymentCaptured": (),
        "PaymentRefunded": (),
        "PaymentVoided": (),
        "PaymentSettled": (),
        "CaptureFailed": (),
        "RefundFailed": (),
        "VoidFailed": (),
        "PaymentUnresolved": (),
        "PaymentChargedBack": (),
        "ChargebackWon": (),
        "ChargebackLost": (),
        "PaidOut": (),
        "StoredValueIssued": (),
        "StoredValueToppedUp": (),
        "StoredValueTransferred": (),
        "StoredValueExpired": (),
        "StoredValueBlocked": (),
        "StoredValueUnblocked": (),
    },
    carriers: {
        "LabelCreated": (),
        "LabelFailed": (),
        "LabelVoided": (),
        "LabelVoidFailed": (),
        "TrackingRecorded": (),
    },
    channels: {"MessageQuarantined": (), "MessageNotTold": (), "UnknownArticleSold": ()},
    returns: {
        "ReturnRequested": (),
        "ReturnAuthorized": (),
        "ReturnDeclined": TYPED,
        "ReturnCancelled": TYPED,
        "ReturnDispatched": (),
        "ReturnReceived": (),
        "ReturnGraded": (),
        "ReturnHeld": TYPED,
        "ReturnCleared": TYPED,
        "ReturnSettled": ("staff", "actor"),
        "BlindUnitsCredited": (),
        "ReturnExpired": (),
        "ReturnClosed": (),
    },
    transfers: {
        "TransferRequested": (),
        "TransferWithdrawn": (),
        "TransferSent": ("units.owner_cost_milli", "units.cost_milli", "transit_minor"),
        "TransferReceived": ("transit_minor",),
        "TransferClosed": ("transit_minor",),
    },
    customers: {"CustomersMerged": (), "ConsentRecorded": (), "CustomerForgotten": ()},
    locations: {
        "LocationAdded": (),
        "LocationEdited": (),
        "LocationClosed": (),
        "LocationReopened": (),
    },
    documents: {"DocumentIssued": ()},
    engagement: {"MessageSent": (), "MessageFailed": ()},
    vendors: {
        "PurchaseOrdered": (),
        "PurchaseAcknowledged": (),
        "VendorShort": TYPED,
        "VendorShipped": ("owed.cost_minor",),
        "VendorDelivered": (),
        "VendorSilent": (),
        "PurchaseGivenUp": TYPED,
    },
}
INTERNAL: Mapping[type[Any], str] = {
    inventory.StockValued: "it tells costs; the books tell what they are worth",
    inventory.PromiseArrived: "orders tell whose units have come",
    inventory.SupplyReported: "part of taking a feed in",
    organization.PolicyChanged: "how the retailer decides is its own business",
    channels.MessageReceived: "part of taking a message in",
    returns.HandlingCredited: "what a store earns is the retailer's own business",
    vendors.InvoiceAccepted: "it tells costs",
}
"""Events that are for modules alone, with the reason."""

PUBLIC: tuple[PublicKind, ...] = (
    *(
        PublicKind(
            name=f"{module.__name__.rpartition('.')[2]}.{_WORD.sub('_', name).lower()}",
            event=getattr(module, name),
            withheld=withheld,
        )
        for module, kinds in _PUBLIC.items()
        for name, withheld in kinds.items()
    ),
    PublicKind(name="publishing.subscription_disabled", event=own.SubscriptionDisabled),
)
BY_NAME: Mapping[str, PublicKind] = {kind.name: kind for kind in PUBLIC}
BY_LOGGED: Mapping[str, PublicKind] = {kind.logged_as: kind for kind in PUBLIC}
PING = "publishing.ping"
"""The name of what a test sends; it is no event."""


@lru_cache(maxsize=PATTERNS_KEPT_MAX)
def _matched(pattern: str) -> frozenset[str]:
    return frozenset(kind.logged_as for kind in PUBLIC if fnmatchcase(kind.name, pattern))


def unknown(patterns: Iterable[str]) -> str:
    """Return the first pattern that stands for no public event, "" when there is none.

    Args:
        patterns: names, or such as ``orders.*``.
    """
    return next((pattern for pattern in patterns if not _matched(pattern)), "")


def logged_kinds(patterns: Iterable[str]) -> list[str]:
    """Return the names in the log of the public events that patterns stand for; all without any."""
    patterns = list(patterns)
    if not patterns:
        return list(BY_LOGGED)
    return sorted({name for pattern in patterns for name in _matched(pattern)})


def told(kind: PublicKind, body: bytes | str | msgspec.Raw) -> Any:
    """Return what an event tells others, as plain values.

    Args:
        kind: which event it is.
        body: the event as the log holds it.
    """
    values = msgspec.json.decode(body)
    for path in kind.withheld:
        _leave_out(values, path.split("."))
    return values


def _leave_out(values: Any, path: list[str]) -> None:
    first, rest = path[0], path[1:]
    if isinstance(values, list):
        for each in cast(list[Any], values):
            _leave_out(each, path)
    elif isinstance(values, dict):
        fields = cast(dict[str, Any], values)
        if rest:
            _leave_out(fields.get(first), rest)
        else:
            fields.pop(first, None)
