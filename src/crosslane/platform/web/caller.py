"""The caller as a handler sees it: who it is, and the two things a handler may do for it."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from litestar import Request

from crosslane.kernel import Forbidden, Refusal
from crosslane.platform.actor import Actor
from crosslane.platform.database import Tx
from crosslane.platform.lane import Answer, Command, CommandKind, Preview
from crosslane.platform.tokens import Link, sign_link
from crosslane.platform.web.exchange import Exchange
from crosslane.platform.web.gate import Admitted, Gate
from crosslane.platform.web.routes import Route

Looked = TypeVar("Looked")
PREVIEW = "preview"


class OtherLocation(Forbidden):
    """The caller may act for its own location only."""


class Caller:
    """Who asks, for one request. A handler names a parameter ``caller`` to receive it.

    Attributes:
        actor: who it is and what it may do.
        tenant: name of the tenant.
        key_prefix: what tokens of the tenant begin with.
        trace: trace id of the request.
        token_id: public part of the key or session it showed.
        client: network address it came from.
    """

    def __init__(
        self,
        gate: Gate,
        route: Route,
        exchange: Exchange,
        admitted: Admitted,
        *,
        key: str = "",
        fingerprint: str = "",
    ) -> None:
        self.actor: Actor = admitted.actor
        self.tenant = admitted.tenant.name
        self.key_prefix = admitted.tenant.key_prefix
        self.trace = exchange.trace
        self.token_id = admitted.token_id
        self.client = admitted.client
        self._gate = gate
        self._route = route
        self._exchange = exchange
        self._key = key
        self._fingerprint = fingerprint

    @property
    def replayed(self) -> bool:
        """Whether the command just submitted had been answered before."""
        return self._exchange.replayed

    def require_leisure(self) -> None:
        """Refuse what people can do without for a while, such as a search, in a busy process.

        For a route that is optional only with some of its parameters.

        Raises:
            Busy: there is.
        """
        self._gate.room.require_leisure()

    def read(self) -> AbstractAsyncContextManager[Tx]:
        """Open a transaction that can only read."""
        return self._gate.database.transaction(
            self.tenant, actor=self.actor, trace=self.trace, read_only=True
        )

    async def submit(self, kind: CommandKind, body: Any) -> Any:
        """Have a change decided and committed; return its result.

        The request's Idempotency-Key makes it happen once: the same request again is given the
        first answer. A key belongs to its caller and route.

        Args:
            kind: the kind of command, the one the route declares.
            body: the command's body.

        Raises:
            Refusal: whatever the command's handler refused with.
        """
        answer = await self._answer(kind, body)
        self._exchange.replayed = answer.replayed
        if isinstance(answer.outcome, Refusal):
            raise answer.outcome
        return answer.outcome

    async def submit_each(self, kind: CommandKind, bodies: Mapping[str, Any]) -> dict[str, Any]:
        """Have several changes decided and committed, each for itself; return what came of each.

        The request's key makes each happen once, so that a request that broke off in the midst may
        be sent again. Unlike :meth:`submit` a refusal is returned among the results.

        Args:
            kind: the kind of command, the one the route declares.
            bodies: the commands' bodies, by a name that tells them apart, such as an id.
        """
        answers = await asyncio.gather(
            *(self._answer(kind, body, f" {name}") for name, body in bodies.items())
        )
        self._exchange.replayed = bool(answers) and all(answer.replayed for answer in answers)
        return {name: answer.outcome for name, answer in zip(bodies, answers, strict=True)}

    async def _answer(self, kind: CommandKind, body: Any, part: str = "") -> Answer:
        self._require_declared(kind)
        key = self._key or f"once:{secrets.token_hex(16)}"
        command = Command(
            key=f"{self.actor} {self._route.method} {self._route.path} {key}{part}",
            actor=self.actor,
            body=body,
            trace=self.trace,
            fingerprint=self._fingerprint,
        )
        return await self._gate.lanes.submit(self.tenant, kind, command)

    async def preview(
        self, kind: CommandKind, body: Any, look: Callable[[Tx], Awaitable[Looked]]
    ) -> Preview[Looked]:
        """Tell what submitting a change would do, without doing it.

        Args:
            kind: the kind of command, the one the route declares.
            body: the command's body.
            look: reads what the change is about; called before and after it.

        Raises:
            Refusal: whatever submitting it would be refused with.
        """
        self._require_declared(kind)
        command = Command(key=PREVIEW, actor=self.actor, body=body, trace=self.trace)
        return await self._gate.lanes.preview(self.tenant, kind, command, look)

    def _require_declared(self, kind: CommandKind) -> None:
        if kind is not self._route.command:
            raise TypeError(f"{self._route.name} does not declare the command {kind.name}")

    async def is_still_let_in(self, request: Request) -> bool:
        """Tell whether the request would be let in now for the same caller.

        For what goes on long after it was asked for: who signs out meanwhile, or loses a role, is
        told nothing more.
        """
        try:
            admitted = await self._gate.admit(request, self._route)
        except Refusal:
            return False
        return admitted.actor == self.actor

    def sign(self, purpose: str, subject: UUID, expires_at: datetime) -> str:
        """Return the text of a signed link of this tenant.

        Args:
            purpose: what it is good for; letters only.
            subject: the one thing it is about.
            expires_at: when it stops working.
        """
        return sign_link(self._gate.secret_key, Link(self.key_prefix, purpose, subject, expires_at))

    def require_location(self, location_id: Any) -> None:
        """Refuse an associate who asks for another location than its own.

        Raises:
            OtherLocation: the caller is bound to a location, and not to this one.
        """
        if self.actor.location_id not in (None, location_id):
            raise OtherLocation

    def require_unbound(self) -> None:
        """Refuse who acts for one location alone: what is asked for is of all of them.

        Raises:
            OtherLocation: the caller is bound to a location.
        """
        if self.actor.location_id is not None:
            raise OtherLocation
