"""Our own tables: what is written where a connection names no mapping of the channel's."""

from collections.abc import Mapping
from types import MappingProxyType

from crosslane.channels.domain.exchange import ToldKind
from crosslane.channels.domain.mapping import TableMapping

OWN_TABLES: Mapping[ToldKind, TableMapping] = MappingProxyType(
    {
        "order_reply": TableMapping(
            brings="order_reply",
            columns={
                "reply": "source_id",
                "replied_at": "event_at",
                "order_number": "order",
                "our_number": "ours",
                "outcome": "outcome",
                "is_change": "change",
                "reason": "reason",
                "due_at": "due_at",
                "line": "lines/id",
                "sku": "lines/sku",
                "article": "lines/article",
                "gtin": "lines/gtin",
                "quantity": "lines/quantity",
                "backordered": "lines/backordered",
                "cancelled": "lines/cancelled",
                "line_due_at": "lines/due_at",
                "unit_price": "lines/unit_price_milli",
                "currency": "currency",
            },
        ),
        "cancellation": TableMapping(
            brings="cancellation",
            columns={
                "order_number": "source_id",
                "version": "source_version",
                "cancelled_at": "event_at",
                "reason": "reason",
            },
        ),
        "amendment": TableMapping(
            brings="amendment",
            columns={
                "order_number": "source_id",
                "version": "source_version",
                "amended_at": "event_at",
                "reason": "reason",
                "line": "lines/id",
                "sku": "lines/sku",
                "quantity": "lines/quantity",
            },
        ),
        "fulfillment": TableMapping(
            brings="fulfillment",
            columns={
                "parcel": "source_id",
                "happened_at": "event_at",
                "order_number": "order",
                "step": "step",
                "location": "location",
                "carrier": "carrier",
                "service": "service",
                "tracking_number": "tracking/0",
                "tracking_link": "links/0",
                "due_at": "due_at",
                "line": "lines/id",
                "sku": "lines/sku",
                "article": "lines/article",
                "gtin": "lines/gtin",
                "quantity": "lines/quantity",
            },
        ),
        "money": TableMapping(
            brings="money",
            columns={
                "refund": "source_id",
                "happened_at": "event_at",
                "order_number": "order",
                "step": "step",
                "amount": "minor",
                "currency": "currency",
                "method": "method",
                "reason": "reason",
            },
        ),
        "return": TableMapping(
            brings="return",
            columns={
                "return": "source_id",
                "version": "source_version",
                "decided_at": "event_at",
                "order_number": "order",
                "our_number": "ours",
                "step": "step",
                "method": "method",
                "declined_because": "reason",
                "line": "lines/id",
                "sku": "lines/sku",
                "quantity": "lines/quantity",
                "reason": "lines/reason",
                "item_state": "lines/item_state",
            },
        ),
        "supply_snapshot": TableMapping(
            brings="supply_snapshot",
            columns={
                "message": "source_id",
                "counted_at": "event_at",
                "location": "location",
                "complete": "complete",
                "sku": "rows/sku",
                "article": "rows/article",
                "gtin": "rows/gtin",
                "available": "rows/quantity",
            },
        ),
        "price": TableMapping(
            brings="price",
            columns={
                "sku": "sku",
                "article": "article",
                "changed_at": "event_at",
                "price": "unit_price_milli",
                "price_before": "was_milli",
                "currency": "currency",
                "includes_tax": "includes_tax",
            },
        ),
    }
)
