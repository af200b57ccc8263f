"""The strict provider over HTTP."""

import threading
from typing import Any, ClassVar, Literal

import msgspec

from crosslane.payments.provider.fake.bank import Bank, Dispute, Operation, Request
from crosslane.payments.provider.fake.messages import Delivery, Messenger
from crosslane.platform import misdeeds
from crosslane.platform.misdeeds import Refused, go_wrong
from crosslane.platform.strangers import Asked, Stranger

PENDING_SECONDS_DEFAULT = 0.5
_KINDS = {"captures": "capture", "refunds": "refund", "voids": "void"}
_STATUSES = {"succeeded": 201, "pending": 202, "failed": 402}


class Fault(misdeeds.Fault, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One thing to go wrong.

    Args:
        fault: decline or pending (the deed), or what any stranger does.
        kind: for which deed, "any" for each.
        token: only for this token, "" for every.
        seconds: how long it freezes, waits or stays pending.
    """

    fault: Literal["decline", "pending", "error", "error_after", "timeout_after", "freeze"]
    kind: str = "any"
    token: str = ""


class Disputed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A dispute to be opened by the holder of a card."""

    authorization: str
    minor: int
    reason: str = "fraudulent"


class Provider(Stranger):
    """Carries out deeds; tells all of them at /control/operations."""

    fault_kind: ClassVar[type[misdeeds.Fault]] = Fault

    def __init__(self, port: int, api_key: str, bank: Bank, messenger: Messenger) -> None:
        super().__init__(port)
        self.api_key = api_key
        self.bank = bank
        self.messenger = messenger
        for operation in list(bank.operations.values()):
            if operation.status == "pending":
                self.decide(operation.key)

    def answer(self, asked: Asked) -> tuple[int, Any]:
        """Carry out a deed, answer whether a key happened, or change how messages are delivered."""
        match asked.steps:
            case ["GET", "control", "operations"]:
                return 200, list(self.bank.operations.values())
            case ["GET", "v1", "operations", key]:
                asked.require_bearer(self.api_key)
                found = self.bank.operations.get(key)
                return (200, found) if found else (404, {"error": "unknown_key"})
            case ["PUT", "control", "messages"]:
                now = msgspec.to_builtins(self.messenger.delivery)
                changed = now | msgspec.json.decode(asked.body, type=dict[str, Any])
                self.messenger.delivery = msgspec.convert(changed, Delivery)
                return 204, None
            case ["POST", "control", "disputes"]:
                wish = msgspec.json.decode(asked.body, type=Disputed)
                return 201, self._tell(
                    self.bank.dispute(wish.authorization, wish.minor, wish.reason)
                )
            case ["POST", "control", "disputes", name, status]:
                return 200, self._tell(self.bank.decide_dispute(name, status))
            case ["POST", "v1", "authorizations", *rest]:
                asked.require_bearer(self.api_key)
                done = self._carry_out(_request(asked, rest))
                return _STATUSES[done.status], done
        raise Refused(404, "no_such_path")

    def _tell(self, dispute: Dispute) -> Dispute:
        self.messenger.tell(dispute)
        return dispute

    def decide(self, key: str) -> None:
        """Decide a pending operation and tell it."""
        operation = self.bank.decide(key)
        if operation is not None:
            self.messenger.tell(operation)

    def _carry_out(self, request: Request) -> Operation:
        fault: Fault | None = self.faults.take(
            lambda fault: fault.kind in ("any", request.kind) and fault.token in ("", request.token)
        )
        return go_wrong(fault, lambda: self._ask(request, fault))

    def _ask(self, request: Request, fault: Fault | None) -> Operation:
        with self.bank.lock:
            fresh = request.key not in self.bank.operations
            operation = self.bank.ask(request, fault=fault.fault if fault else "")
        if fresh and operation.status == "pending":
            seconds = fault.seconds if fault else PENDING_SECONDS_DEFAULT
            threading.Timer(seconds, self.decide, [operation.key]).start()
        elif fresh:
            self.messenger.tell(operation)
        return operation


def _request(asked: Asked, rest: list[str]) -> Request:
    """Return the deed that is asked for: a new authorization, or one to be done to another."""
    body = msgspec.json.decode(asked.body, type=dict[str, Any])
    match rest:
        case []:
            authorization, kind = "", "authorize"
        case [authorization, deed]:
            kind = _KINDS.get(deed, "")
        case _:
            authorization = kind = ""
    if not asked.key or not kind:
        raise Refused(400, "bad_request")
    return Request(asked.key, kind, authorization, body)
