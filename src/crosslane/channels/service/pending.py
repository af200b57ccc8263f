"""A message in hand: what it says, for whom it is done, and what became of it."""

from typing import Any
from uuid import UUID

from crosslane.channels.adapters import Fault
from crosslane.channels.domain.messages import Message
from crosslane.channels.storage.messages import Outcome, Pending, State
from crosslane.kernel import Refusal
from crosslane.platform.actor import Actor
from crosslane.platform.lane import Command

# What the channel's own policy lets its messages do, whoever has sent them.
MAY = frozenset({"pricing:dictate", "orders:resolve_payment", "orders:resolve_manual"})


def actor_of(channel: str) -> str:
    """Return in whose name a channel's messages act, as events and amendments name it."""
    return f"system:channel:{channel}"


class Todo:
    """A message that is to be applied.

    Attributes:
        pending: as it is stored.
        message: what it says.
    """

    def __init__(self, pending: Pending, message: Any) -> None:
        self.pending = pending
        self.message: Message = message

    @property
    def id(self) -> UUID:
        """Identifier of the message."""
        return self.pending.id

    @property
    def source(self) -> tuple[str, str]:
        """What it speaks of: channel and source id."""
        return self.pending.channel, self.pending.source_id

    def command(self, body: Any) -> Command[Any]:
        """Return a wish of the message, in the name of its channel, whoever has sent it."""
        actor = Actor(kind="system", id=f"channel:{self.pending.channel}", permissions=MAY)
        return Command(f"channels:{self.id}", actor, body, self.pending.trace)


def outcome_of(
    todo: Todo,
    state: State,
    fault: Fault | None = None,
    *,
    order_id: UUID | None = None,
    return_id: UUID | None = None,
    supply_id: UUID | None = None,
    customer_id: UUID | None = None,
    variant_id: UUID | None = None,
    waits_for: str = "",
) -> Outcome:
    """Return what became of a message."""
    return Outcome(
        id=todo.id,
        state=state,
        code=fault.code if fault else "",
        detail=fault.detail if fault else "",
        pointer=fault.pointer if fault else "",
        order_id=order_id,
        return_id=return_id,
        supply_id=supply_id,
        customer_id=customer_id,
        variant_id=variant_id,
        waits_for=waits_for,
    )


def refused(todo: Todo, refusal: Refusal, *, order_id: UUID | None = None) -> Outcome:
    """Return that a message was refused, and why."""
    return outcome_of(todo, "quarantined", Fault.of(refusal), order_id=order_id)
