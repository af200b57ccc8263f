"""The story of an order or return: what the log, messages and the audit journal tell, as one."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

from crosslane.apps.office.deeds import deed_title
from crosslane.channels import OutgoingView
from crosslane.engagement import MessageView
from crosslane.orders import ENDS_BY_ITSELF, OrderView
from crosslane.platform import audit, log
from crosslane.platform.screens import Words

Kind = Literal["system", "staff", "customer"]

# Told by what comes with them, or of interest to machines alone.
PASSED_OVER = frozenset(
    {
        "orders.OrderReady",
        "orders.ChargesDue",
        "orders.LinesHandedOver",
        "fulfillment.ParcelPacked",
        "returns.HandlingCredited",
        "returns.BlindUnitsCredited",
        "inventory.StockValued",
    }
)
# Their titles go on with the name of a location.
AT_A_PLACE = frozenset(
    {
        "fulfillment.FulfillmentOffered",
        "fulfillment.FulfillmentAccepted",
        "fulfillment.FulfillmentRejected",
        "fulfillment.FulfillmentCancelled",
        "fulfillment.TransferSent",
        "fulfillment.TransferArrived",
        "fulfillment.PickupReady",
        "fulfillment.PickupCollected",
        "fulfillment.PickupUnclaimed",
        "returns.ReturnReceived",
        "returns.ReturnGraded",
    }
)
# Commands whose doing events tell already.
TOLD_BY_EVENTS = (
    "orders.cancel",
    "orders.add_lines",
    "orders.change_",
    "orders.resource",
    "orders.appease",
    "orders.raise_stop",
    "orders.resolve_stop",
    "returns.",
)


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened.

    Args:
        who: whose doing it was, "" for the system's.
        kind: what sort of doer.
        reason: why, as somebody wrote it.
        minor: amount it is about, None for none.
        place: name of the location it happened at.
        href: where more of it is shown.
    """

    at: datetime
    title: str
    who: str = ""
    kind: Kind = "system"
    reason: str = ""
    icon: str = ""
    tone: str = ""
    minor: int | None = None
    currency: str = ""
    place: str = ""
    href: str = ""


class Names(msgspec.Struct, frozen=True, kw_only=True):
    """Names for what entries name by id.

    Args:
        staff: of members by account.
        locations: by id.
        words: of the viewer's language.
    """

    staff: Mapping[str, str]
    locations: Mapping[UUID, str]
    words: Words


def doers_of(entries: Iterable[Any]) -> set[UUID]:
    """Return the accounts of members of staff that entries are due to."""
    named = {entry.actor.partition(":")[2] for entry in entries if entry.actor.startswith("staff:")}
    return {UUID(name) for name in named if len(name) == 36}


def tell(
    entries: Sequence[log.Entry],
    names: Names,
    *,
    order: OrderView | None = None,
    messages: Sequence[MessageView] = (),
    audited: Sequence[audit.Entry] = (),
    channel: Sequence[OutgoingView] = (),
) -> list[Told]:
    """Return what happened, the latest first.

    Args:
        entries: events of the order, its work, payments and returns.
        names: for ids.
        order: for the reasons of its stops and amendments.
        messages: what the customer was told.
        audited: what people did that no event tells.
        channel: what the channel of the order was told.
    """
    told = [_event(entry, names, order) for entry in entries if entry.kind not in PASSED_OVER]
    told += [_message(message, names) for message in messages]
    told += [_told_channel(one, names) for one in channel]
    told += [_audited(row, names) for row in audited if not row.action.startswith(TOLD_BY_EVENTS)]
    return sorted(told, key=lambda one: one.at, reverse=True)


def _who(actor: str, names: Names) -> tuple[str, Kind]:
    kind, _, name = actor.partition(":")
    words = names.words
    if kind == "staff":
        return names.staff.get(name) or words("Staff"), "staff"
    if kind == "customer":
        return words("Customer"), "customer"
    return (words("Connected system") if kind == "api_key" else ""), "system"


def _event(entry: log.Entry, names: Names, order: OrderView | None) -> Told:
    body = msgspec.json.decode(entry.body)
    title, icon, tone = titles(names.words).get(entry.kind, (entry.kind, "", ""))
    who, kind = _who(entry.actor, names)
    waits = body.get("stop_kind") in ENDS_BY_ITSELF
    if waits and entry.kind == "orders.StopRaised":
        title, icon, tone = names.words("Waits"), "clock", ""
    place = _place(body, names)
    if entry.kind in AT_A_PLACE and place:
        title, place = f"{title} {place}", ""
    return Told(
        at=entry.at,
        title=_title(entry.kind, title, body, names),
        who=who,
        kind=kind,
        # What the clock begins and ends says by its title why.
        reason=""
        if waits and (entry.kind == "orders.StopRaised" or not who)
        else _reason(entry.kind, body, order),
        icon=icon,
        tone=tone,
        minor=_minor(entry.kind, body),
        currency=body.get("currency") or (order.currency if order else ""),
        place=place,
        href=body.get("tracking_url") or "",
    )


def _title(kind: str, title: str, body: Mapping[str, Any], names: Names) -> str:
    words = names.words
    if kind in ("orders.StopRaised", "orders.StopResolved"):
        return f"{title}: {stop_kinds(words).get(body['stop_kind'], body['stop_kind'])}"
    if kind == "orders.OrderAmended":
        return amendments(words).get(body["amendment_kind"], title)
    if kind == "orders.LinesCancelled":
        n = sum(unit["quantity"] for unit in body["units"])
        return words.plural("%(n)s unit cancelled", "%(n)s units cancelled", n)
    if kind == "fulfillment.UnitsPicked":
        picked = words.plural("%(n)s unit picked", "%(n)s units picked", body["picked"])
        short = words("%(n)s not found", n=body["short"])
        return f"{picked}, {short}" if body["short"] else picked
    if body.get("tracking_number"):
        return f"{title}: {body['tracking_number']}"
    return title


def _reason(kind: str, body: Mapping[str, Any], order: OrderView | None) -> str:
    if body.get("reason"):
        return str(body["reason"])
    if order is None:
        return ""
    if kind == "orders.StopRaised":
        return next((s.reason for s in order.stops if str(s.id) == body["stop_id"]), "")
    if kind == "orders.StopResolved":
        return next((s.resolution or "" for s in order.stops if str(s.id) == body["stop_id"]), "")
    if kind == "orders.OrderAmended":
        return next((a.reason for a in order.amendments if a.no == body["amendment_no"]), "")
    return ""


def _minor(kind: str, body: Mapping[str, Any]) -> int | None:
    if kind == "orders.OrderAmended":
        return body["gross_delta_minor"] or None
    for name in ("minor", "gross_minor", "refund_minor"):
        if name in body:
            return body[name]
    return None


def _place(body: Mapping[str, Any], names: Names) -> str:
    place = body.get("store_id") or body.get("location_id")
    return names.locations.get(UUID(place), "") if place else ""


def _message(message: MessageView, names: Names) -> Told:
    words = names.words
    topic = topics(words).get(message.topic, message.topic)
    said = {
        "sent": words("Told the customer"),
        "due": words("About to tell the customer"),
        "not_sendable": words("Could not tell the customer"),
        "failed": words("Could not tell the customer"),
    }[message.state]
    failed = message.state in ("failed", "not_sendable")
    return Told(
        at=message.ended_at or message.requested_at,
        title=f"{said}: {topic}",
        reason=message.reason,
        icon="mail",
        tone="warn" if failed else "",
    )


def _told_channel(one: OutgoingView, names: Names) -> Told:
    words = names.words
    said = {
        "waiting": words("About to tell the channel"),
        "refused": words("Could not tell the channel"),
        "unsupported": words("Could not tell the channel"),
        "failed": words("Could not tell the channel"),
        "superseded": words("Did not need to tell the channel"),
    }.get(one.state, words("Told the channel"))
    if one.verdict == "rejected":
        said = words("The channel rejected what it was told")
    lost = one.state in ("refused", "unsupported", "failed")
    return Told(
        at=one.created_at if one.state == "waiting" else one.changed_at,
        title=f"{said}: {outgoing_kinds(words).get(one.kind, one.kind)}",
        reason=one.detail or one.instead,
        icon="send",
        tone="warn" if lost else "",
    )


def _audited(row: audit.Entry, names: Names) -> Told:
    who, kind = _who(row.actor, names)
    title = names.words(deed_title(row.action))
    return Told(at=row.at, title=title, who=who, kind=kind, reason=row.reason, icon="user-check")


def stop_kinds(words: Words) -> dict[str, str]:
    """Return what stops are called."""
    return {
        "payment": words("payment"),
        "fraud": words("suspected fraud"),
        "address": words("address"),
        "manual": words("by hand"),
        "exchange": words("goods on their way back"),
        "gathering": words("waiting for more orders"),
        "grace": words("time to change it"),
    }


def amendments(words: Words) -> dict[str, str]:
    """Return what changes of an order are called."""
    return {
        "add": words("Goods added"),
        "cancel": words("Units cancelled"),
        "price": words("Price changed"),
        "address": words("Address changed"),
        "appease": words("Goodwill given"),
        "exchange": words("Goods exchanged"),
        "replacement": words("Replacement sent"),
        "resource": words("Sourced anew"),
        "recall": words("Work taken back"),
    }


def topics(words: Words) -> dict[str, str]:
    """Return what messages are about."""
    return {
        "confirmed": words("order confirmed"),
        "shipped": words("parcel on its way"),
        "exchange_sent": words("exchange on its way"),
        "pickup_ready": words("ready for pickup"),
        "delayed": words("later than promised"),
        "cancelled": words("units cancelled"),
        "return_requested": words("return asked for"),
        "return_authorized": words("return may come"),
        "return_declined": words("return declined"),
        "return_cancelled": words("return cancelled"),
        "return_received": words("return received"),
        "return_expired": words("return did not come"),
        "refunded": words("money given back"),
    }


def outgoing_kinds(words: Words) -> dict[str, str]:
    """Return what channels are told of."""
    return {
        "order_reply": words("reply to the order"),
        "cancellation": words("called off"),
        "amendment": words("called off in part"),
        "fulfillment": words("goods on their way"),
        "money": words("money given back"),
        "return": words("what was decided about a return"),
        "invoice": words("invoice"),
        "acknowledgment": words("receipt of a delivery"),
        "supply_snapshot": words("stock"),
        "price": words("price"),
    }


def titles(words: Words) -> dict[str, tuple[str, str, str]]:
    """Return by kind of event its title, icon and tone."""
    return {
        "orders.OrderPlaced": (words("Order placed"), "shopping-cart", ""),
        "orders.StopRaised": (words("Held back"), "hand", "warn"),
        "orders.StopResolved": (words("Let go"), "check", "good"),
        "orders.MoneyProblemRaised": (words("Money did not move"), "triangle-alert", "bad"),
        "orders.MoneyProblemResolved": (words("Money is settled after all"), "check", "good"),
        "orders.LinesBackordered": (words("Waits for stock"), "clock", "warn"),
        "orders.LinesResourced": (words("Stock found"), "package-search", ""),
        "orders.PromiseMoved": (words("Promised for another day"), "calendar-clock", "warn"),
        "orders.LinesCancelled": (words("Units cancelled"), "ban", ""),
        "orders.UnitsRecalled": (words("Called back from the location"), "undo-2", "warn"),
        "orders.OrderAmended": (words("Order changed"), "pencil", ""),
        "orders.LinesCredited": (words("Credited"), "receipt", ""),
        "orders.OrderClosed": (words("Order closed"), "check-check", "good"),
        "fulfillment.FulfillmentOffered": (words("Offered to"), "send", ""),
        "fulfillment.FulfillmentAccepted": (words("Accepted by"), "handshake", ""),
        "fulfillment.FulfillmentRejected": (words("Rejected by"), "circle-x", "bad"),
        "fulfillment.FulfillmentCancelled": (words("Work cancelled at"), "ban", ""),
        "fulfillment.UnitsPicked": (words("Picked"), "hand", ""),
        "fulfillment.ParcelShipped": (words("Parcel sent"), "truck", ""),
        "fulfillment.ParcelHandedOver": (words("Parcel with the carrier"), "truck", ""),
        "fulfillment.ParcelDelivered": (words("Parcel delivered"), "package-check", "good"),
        "fulfillment.TransferSent": (words("On its way to"), "truck", ""),
        "fulfillment.TransferArrived": (words("Arrived at"), "store", ""),
        "fulfillment.PickupReady": (words("Ready for pickup at"), "shopping-bag", "good"),
        "fulfillment.PickupCollected": (words("Collected at"), "check-check", "good"),
        "fulfillment.PickupUnclaimed": (words("Not collected at"), "package-x", "warn"),
        "payments.PaymentAuthorized": (words("Payment authorised"), "shield-check", ""),
        "payments.PaymentDeclined": (words("Payment declined"), "circle-x", "bad"),
        "payments.PaymentArrivedLate": (words("Payment came late"), "clock", "warn"),
        "payments.PaymentCaptured": (words("Money taken"), "banknote", ""),
        "payments.PaymentRefunded": (words("Money given back"), "hand-coins", ""),
        "payments.PaymentVoided": (words("Authorisation released"), "unplug", ""),
        "payments.PaymentSettled": (words("Paid on account"), "banknote", "good"),
        "payments.CaptureFailed": (words("Money could not be taken"), "triangle-alert", "bad"),
        "payments.RefundFailed": (words("Refund failed"), "triangle-alert", "bad"),
        "payments.VoidFailed": (words("Release failed"), "triangle-alert", "warn"),
        "payments.PaymentUnresolved": (words("Nobody knows what became of it"), "help", "bad"),
        "payments.PaymentChargedBack": (words("Charged back"), "undo-2", "bad"),
        "payments.ChargebackWon": (words("Chargeback won"), "check", "good"),
        "payments.ChargebackLost": (words("Chargeback lost"), "x", "bad"),
        "returns.ReturnRequested": (words("Return asked for"), "undo-2", ""),
        "returns.ReturnAuthorized": (words("Return may come"), "check", ""),
        "returns.ReturnDeclined": (words("Return declined"), "circle-x", "warn"),
        "returns.ReturnCancelled": (words("Return cancelled"), "ban", ""),
        "returns.ReturnDispatched": (words("Return on its way"), "truck", ""),
        "returns.ReturnReceived": (words("Return received at"), "package-open", ""),
        "returns.ReturnGraded": (words("Return graded at"), "list-checks", ""),
        "returns.ReturnHeld": (words("Return held for a person"), "hand", "warn"),
        "returns.ReturnCleared": (words("Return cleared"), "shield-check", "good"),
        "returns.ReturnSettled": (words("Return settled"), "hand-coins", "good"),
        "returns.ReturnExpired": (words("Return did not come"), "clock", "warn"),
        "returns.ReturnClosed": (words("Return closed"), "check-check", ""),
    }
