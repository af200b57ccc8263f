"""The call center: agents correct addresses, a manager looks at orders stopped for fraud."""

from collections import Counter
from uuid import UUID

from msgspec import Struct

from crosslane.demo.replay.bodies import Clerk
from crosslane.demo.replay.choices import choose
from crosslane.demo.replay.desk import Desk
from crosslane.demo.replay.register import Register
from crosslane.demo.world import World


class Stopped(Struct, frozen=True):
    """An order that something holds back, as the API lists it."""

    id: UUID
    number: str


class CallCenter:
    """People who clear what holds orders back.

    Args:
        desk: who speaks.
        world: who works there.
        register: the orders.
        clerk: knows the right addresses.
        seed: draws which suspicion is right.

    Attributes:
        seeded: what was cleared, as often.
    """

    def __init__(
        self, desk: Desk, world: World, register: Register, clerk: Clerk, seed: int
    ) -> None:
        self._desk, self._register, self._clerk, self._seed = desk, register, clerk, seed
        self._agents = sorted(code for code, one in world.logins.items() if one.role == "agent")
        self._manager = next(
            code
            for code, one in sorted(world.logins.items(), reverse=True)
            if one.role == "manager" and not one.location
        )
        self._tried: set[tuple[str, UUID]] = set()
        self.seeded: Counter[str] = Counter()

    async def look(self) -> int:
        """Clear what is stopped; return how much that was."""
        return await self._correct_addresses() + await self._judge_suspicions()

    async def _correct_addresses(self) -> int:
        done = 0
        for order in await self._stopped(self._agents[0], "address"):
            sold = self._register.by_number(order.number)
            if sold is None or sold.sale is None or ("address", order.id) in self._tried:
                continue
            self._tried.add(("address", order.id))
            agent = self._agents[done % len(self._agents)]
            answer = await self._desk.ask(
                self._desk.staff(agent),
                f"orders/{order.id}/address",
                {
                    "ship_to": self._clerk.address(sold.sale),
                    "reason": "The customer spelled the postcode on the telephone",
                },
                key=f"demo/{self._seed}/address/{order.id}",
            )
            self.seeded["address_corrected"] += answer.ok
            done += 1
        return done

    async def _judge_suspicions(self) -> int:
        done = 0
        manager = self._desk.staff(self._manager)
        for order in await self._stopped(self._manager, "fraud"):
            sold = self._register.by_number(order.number)
            if sold is None or sold.sale is None or ("fraud", order.id) in self._tried:
                continue
            self._tried.add(("fraud", order.id))
            done += 1
            fraud = choose(sold.sale, self._agents, self._seed).fraud
            if fraud and not self._register.comes_back(sold.source):
                reason = {"reason": "It is a fraud: the account was taken over"}
                answer = await self._desk.ask(
                    manager,
                    f"orders/{order.id}/cancellation",
                    reason,
                    key=f"demo/{self._seed}/fraud/{order.id}",
                )
                self.seeded["fraud_cancelled"] += answer.ok
                continue
            shown = await self._desk.ask(manager, f"orders/{order.id}", method="GET")
            stops = shown.body["stops"] if shown.ok else []
            for stop in stops:
                if stop["kind"] == "fraud" and not stop["resolved_at"]:
                    answer = await self._desk.ask(
                        manager,
                        f"orders/{order.id}/stops/{stop['id']}/resolution",
                        {"resolution": "The customer is known; nothing is wrong"},
                        key=f"demo/{self._seed}/cleared/{stop['id']}",
                    )
                    self.seeded["fraud_cleared"] += answer.ok
        return done

    async def _stopped(self, person: str, kind: str) -> list[Stopped]:
        client = self._desk.staff(person)
        return await self._desk.read_list(client, "orders", Stopped, stop=kind, open="true")
