"""Where goods come back: over a counter by one request, or by post, step by step.

By post the customer asks, sends the goods, the returns warehouse receives them, and later somebody
there looks at each and puts it away: to be sold again, mended, sent to its vendor, or destroyed.
What is suspicious waits for a manager, who clears it.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from msgspec import Struct

from crosslane.demo.client import Answer, Client
from crosslane.demo.credits import CreditNote
from crosslane.demo.replay.backs import Back
from crosslane.demo.replay.bodies import Body
from crosslane.demo.replay.credit_bodies import CreditClerk
from crosslane.demo.replay.desk import Desk
from crosslane.demo.world import World

POST_DAYS = timedelta(days=2)
SHELF_HOURS = timedelta(hours=3)
OPEN_STATES = frozenset({"requested", "authorized", "in_transit", "received", "graded"})
# A return is settled by itself when all of it is graded: often before it is asked for.
SETTLED_ALREADY = "not-in-state"
HELD_BACK = "return-held-back"


class Taken(Struct, frozen=True):
    """What taking goods back over a counter came to."""

    return_id: UUID
    held: bool


class AnnouncedLine(Struct, frozen=True):
    """Units of an order line that come by post."""

    id: UUID
    order_line_id: UUID
    requested: int


class Announced(Struct, frozen=True):
    """A return that comes by post."""

    id: UUID
    state: str
    lines: list[AnnouncedLine]


class Counters:
    """The people who take goods back.

    Args:
        desk: who speaks.
        world: where they work.
        clerk: writes the requests.

    Attributes:
        seeded: what was played, as often.
    """

    def __init__(self, desk: Desk, world: World, clerk: CreditClerk) -> None:
        self._desk, self._clerk = desk, clerk
        self._logins = {one.location: code for code, one in world.logins.items() if one.location}
        people = sorted(world.logins.items())
        self._manager = next(
            code for code, one in people if one.role == "manager" and not one.location
        )
        self._agent = next(code for code, one in people if one.role == "agent")
        self.seeded: Counter[str] = Counter()

    @property
    def decider(self) -> Client:
        """Somebody who may decide everything that is decided here."""
        return self._desk.staff(self._manager)

    async def take(self, note: CreditNote, body: Body, *, by_manager: bool = False) -> Answer:
        """Take goods back over a counter, or by a manager's word; return the answer to it."""
        client = self.decider if by_manager else self._at(body["location"])
        answer = await self._desk.ask(client, "return-desk", body)
        if answer.ok:
            taken = msgspec.json.decode(answer.content, type=Taken)
            if taken.held:
                await self._clear(note, taken.return_id, body["occurred_at"])
        return answer

    async def receive(
        self, note: CreditNote, body: Body, backs: Sequence[Back], at: datetime
    ) -> Answer:
        """Let goods come by post, and put them away; return the first refusal or the last answer.

        Args:
            note: the credit note.
            body: what the customer asks for.
            backs: what comes.
            at: when it is asked for.
        """
        agent, place = self._desk.staff(self._agent), body["location"]
        answer = await self._desk.ask(agent, "returns", body)
        if not answer.ok:
            return answer
        one = msgspec.json.decode(answer.content, type=Announced)
        if one.state not in OPEN_STATES:
            return answer
        path, there = f"returns/{one.id}", self._at(place)
        came, seen = at + POST_DAYS, at + POST_DAYS + SHELF_HOURS
        fates = self._clerk.dispositions(note, backs)
        looked_at = [
            {
                "return_line": line.id,
                "quantity": line.requested,
                "disposition": fates[line.order_line_id],
            }
            for line in one.lines
        ]
        steps: list[tuple[Client, str, Body]] = [
            (agent, "dispatch", {"occurred_at": at}),
            (there, "receipt", {"location": place, "occurred_at": came}),
            (there, "grading", {"lines": looked_at, "occurred_at": seen}),
        ]
        for client, step, wish in steps:
            answer = await self._desk.ask(client, f"{path}/{step}", wish)
            if not answer.ok:
                return answer
        self.seeded["came_by_post"] += 1
        return await self._settle(note, one.id, seen)

    async def _settle(self, note: CreditNote, return_id: UUID, at: datetime) -> Answer:
        """See to it that money was given, before anything else is done about the order."""
        path, wish = f"returns/{return_id}/settlement", {"occurred_at": at}
        answer = await self._desk.ask(self.decider, path, wish)
        if answer.code == HELD_BACK:
            answer = await self._clear(note, return_id, at)
        return Answer(200, {}, b"") if answer.code == SETTLED_ALREADY else answer

    async def _clear(self, note: CreditNote, return_id: UUID, at: datetime) -> Answer:
        """Let go on what is held for a person: its credit note shows that it was right."""
        self.seeded["return_held"] += 1
        reason = {"reason": f"Credit note {note.number} shows it"}
        cleared = await self._desk.ask(self.decider, f"returns/{return_id}/clearance", reason)
        if not cleared.ok:
            return cleared
        wish = {"occurred_at": at}
        return await self._desk.ask(self.decider, f"returns/{return_id}/settlement", wish)

    def _at(self, location: str) -> Client:
        """Return who works at a location."""
        return self._desk.staff(self._logins.get(location, self._manager))
