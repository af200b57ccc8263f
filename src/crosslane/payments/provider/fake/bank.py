"""The money of the strict provider: authorizations and what was done to them, kept in a journal."""

import threading
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec

from crosslane.platform.misdeeds import Refused
from crosslane.platform.strangers import Journal

MINOR_MAX = 10**13
KINDS = ("authorize", "capture", "refund", "void")


class Request(msgspec.Struct, frozen=True):
    """What a caller asks for.

    Args:
        key: its idempotency key.
        kind: one of KINDS.
        authorization: what it is to be done to, "" for a new authorization.
        body: minor, currency, and for an authorization the token.
    """

    key: str
    kind: str
    authorization: str
    body: dict[str, Any]

    @property
    def token(self) -> str:
        """The stand-in for the card, "" when there is none."""
        return str(self.body.get("token", ""))


class Operation(msgspec.Struct, frozen=True):
    """One deed as the provider knows it.

    Args:
        status: pending, succeeded or failed.
        asked: the request, to notice a key with two meanings.
    """

    key: str
    id: str
    kind: str
    authorization: str
    minor: int
    currency: str
    status: str
    reason: str
    at: str
    asked: Request


class Dispute(msgspec.Struct, frozen=True):
    """Money that was taken back from the retailer, since the holder of the card disputes it.

    Args:
        status: opened, won (by the retailer) or lost.
    """

    id: str
    authorization: str
    minor: int
    currency: str
    status: str
    reason: str
    at: str


class Told(msgspec.Struct, frozen=True):
    """A mark that the message about an operation has been delivered."""

    told: str


class Bank:
    """All operations, in memory and in a journal."""

    def __init__(self, path: Path) -> None:
        self.lock = threading.RLock()
        self._journal = Journal(path)
        self.operations: dict[str, Operation] = {}
        self.disputes: dict[str, Dispute] = {}
        self.told: set[str] = set()
        self._authorizations: dict[str, Operation] = {}
        self._done: dict[str, Counter[str]] = {}
        for line in self._journal.lines():
            if line.startswith(b'{"told"'):
                self.told.add(msgspec.json.decode(line, type=Told).told)
            elif line.startswith(b'{"id":"dp_'):
                self._take(msgspec.json.decode(line, type=Dispute))
            else:
                self._learn(msgspec.json.decode(line, type=Operation))

    def ask(self, request: Request, *, fault: str = "") -> Operation:
        """Do a deed once per key; a repetition gets the first answer.

        Args:
            request: what is asked for.
            fault: "decline" or "pending" to decide otherwise than by the rules.

        Raises:
            Refused: the request is malformed or the key was used for something else.
        """
        with self.lock:
            known = self.operations.get(request.key)
            if known is not None:
                if known.asked != request:
                    raise Refused(422, "key_reused")
                return known
            reason = self._refusal(request) or ("declined" if fault == "decline" else "")
            # Only an authorization may stay open: what is done to it must count at once.
            pending = request.kind == "authorize" and (
                fault == "pending" or request.token.startswith("tok_pending")
            )
            made = f"{request.kind[:4]}_{uuid4().hex}"
            operation = Operation(
                key=request.key,
                id=made,
                kind=request.kind,
                authorization=request.authorization or made,
                minor=request.body["minor"],
                currency=request.body["currency"],
                status="failed" if reason else "pending" if pending else "succeeded",
                reason=reason,
                at=datetime.now(UTC).isoformat(),
                asked=request,
            )
            self._learn(operation)
            self._journal.write(operation)
            return operation

    def decide(self, key: str) -> Operation | None:
        """Let a pending operation succeed; return it, None when nothing was pending."""
        with self.lock:
            operation = self.operations[key]
            if operation.status != "pending":
                return None
            operation = msgspec.structs.replace(operation, status="succeeded")
            self._learn(operation)
            self._journal.write(operation)
            return operation

    def dispute(self, authorization: str, minor: int, reason: str) -> Dispute:
        """Take captured money back, whether it was refunded or not.

        Raises:
            Refused: there is no such authorization, or less was captured.
        """
        with self.lock:
            held = self._authorizations.get(authorization)
            if held is None:
                raise Refused(404, "unknown_authorization")
            if (
                not 1
                <= minor
                <= self._done[authorization]["capture"] - self._disputed(authorization)
            ):
                raise Refused(422, "above_captured")
            name, now = f"dp_{uuid4().hex}", datetime.now(UTC).isoformat()
            made = Dispute(name, authorization, minor, held.currency, "opened", reason, now)
            self._take(made)
            self._journal.write(made)
            return made

    def decide_dispute(self, name: str, status: str) -> Dispute:
        """Decide an open dispute.

        Raises:
            Refused: there is none of this name, or it is decided otherwise.
        """
        with self.lock:
            known = self.disputes.get(name)
            if known is None or status not in ("won", "lost"):
                raise Refused(404, "unknown_dispute")
            if known.status not in ("opened", status):
                raise Refused(409, "decided")
            now = datetime.now(UTC).isoformat()
            known = msgspec.structs.replace(known, status=status, at=now)
            self._take(known)
            self._journal.write(known)
            return known

    def mark_told(self, key: str) -> None:
        """Remember that the message about an operation was delivered."""
        with self.lock:
            self.told.add(key)
            self._journal.write(Told(key))

    def _refusal(self, request: Request) -> str:
        minor, currency = request.body.get("minor"), request.body.get("currency")
        if type(minor) is not int or not 1 <= minor <= MINOR_MAX or type(currency) is not str:
            raise Refused(400, "bad_amount")
        if request.kind == "authorize":
            return _token_refusal(request.token)
        held = self._authorizations.get(request.authorization)
        if held is None:
            raise Refused(404, "unknown_authorization")
        if held.currency != currency:
            return "wrong_currency"
        done = self._done.get(held.id, Counter())
        if request.kind == "refund":
            left = done["capture"] - done["refund"]
            if left - self._disputed(held.id) < minor <= left:
                return "disputed"
            return "above_captured" if minor > left else ""
        free = done["authorize"] - done["capture"] - done["void"]
        return "above_authorized" if minor > free else ""

    def _disputed(self, authorization: str) -> int:
        """Return what disputes have taken back of an authorization and not given again."""
        return sum(
            known.minor
            for known in self.disputes.values()
            if known.authorization == authorization and known.status != "won"
        )

    def _take(self, dispute: Dispute) -> None:
        self.disputes[dispute.id] = dispute

    def _learn(self, operation: Operation) -> None:
        self.operations[operation.key] = operation
        if operation.kind == "authorize":
            self._authorizations[operation.id] = operation
        if operation.status == "succeeded":
            done = self._done.setdefault(operation.authorization, Counter())
            done[operation.kind] += operation.minor


def _token_refusal(token: str) -> str:
    if not token.startswith("tok_"):
        raise Refused(400, "bad_token")
    if not token.startswith("tok_decline"):
        return ""
    return token.removeprefix("tok_decline").strip("_") or "declined"
