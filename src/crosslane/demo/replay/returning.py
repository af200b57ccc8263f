"""What credit notes give back: to the orders that had sold it, blind, or by hand in the books.

Goods come back when all that comes back of their order has reached its customer.

Crosslane decides how much is left of an order. Where a credit note gives back more, all of it is
tried first and refused; the excess then goes back on a manager's word, the credit note as proof,
because the money was given. Units that were never handed over, for want of stock, are cancelled.
A later run may bring that stock: what was given for those units stays given, and they are kept.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

import msgspec

from crosslane.demo.client import Answer
from crosslane.demo.credits import Claim, CreditNote, GivenBack
from crosslane.demo.replay.backs import (
    Back,
    Missing,
    Ordered,
    find_backs,
    find_line,
    priced,
    reason_undelivered,
)
from crosslane.demo.replay.bodies import Body
from crosslane.demo.replay.counters import Counters
from crosslane.demo.replay.credit_bodies import CreditClerk
from crosslane.demo.replay.desk import Desk
from crosslane.demo.replay.givings import (
    UNDELIVERED,
    WITHOUT_ORDER,
    Blind,
    Booking,
    Goodwill,
    Job,
    TakeBack,
    fate_of_claim,
    fate_of_goods,
    is_alike,
    lines_of,
    list_bookings,
    list_queues,
)
from crosslane.demo.replay.outcome import LineBook
from crosslane.demo.replay.register import Register, Sold
from crosslane.demo.replay.selling import reason_of
from crosslane.demo.report import OverReturn
from crosslane.demo.world import World

HANDS = 4
# How often an order is looked at again after one of its parcels has left.
LOOKS_PER_PARCEL = 3
A_DAY = timedelta(days=1)
PROOF = "The credit note is the proof, and its money was given"
# Ends the number of a return for what was not handed over and could not be cancelled either.
NOT_HANDED_OVER = "/undelivered"


class Known(msgspec.Struct, frozen=True):
    """A return that an earlier run has made."""

    id: UUID
    source_id: str


class CreditedLine(msgspec.Struct, frozen=True):
    """Units of an article that a return gave for."""

    sku: str
    credited: int


class Credited(msgspec.Struct, frozen=True):
    """What a return gave for."""

    lines: list[CreditedLine]


class Returner:
    """Does what credit notes give back.

    Args:
        desk: who speaks.
        world: whom goods come back to.
        register: the orders.
        clerk: writes the requests.
        book: is told how every line ended.
        notes: the credit notes.
        seed: makes keys.

    Attributes:
        now: how far the orders are; earlier credit notes may be done.
        at_rest: nothing more will be handed over.
        over_returns: goods of which more came than was left.
        rounding_milli: what converting money takes off, in 1/1000 penny.
        seeded: what was played, as often.
    """

    def __init__(
        self,
        desk: Desk,
        world: World,
        register: Register,
        clerk: CreditClerk,
        book: LineBook,
        notes: Sequence[CreditNote],
        seed: int,
    ) -> None:
        self._desk, self._register, self._clerk, self._book = desk, register, clerk, book
        self._seed = seed
        self._counters = Counters(desk, world, clerk)
        queues: list[list[Job]] = [[booking] for booking in list_bookings(notes)]
        queues += list_queues(notes)
        self._queues = queues
        self._goods = {one.line.number: (note, one) for note in notes for one in note.goods}
        self._claims = {one.line.number: one for note in notes for one in note.claims}
        self._parts = Counter(n for queue in queues for job in queue for n in lines_of(job))
        self._problems: dict[int, str] = {}
        self._words: dict[int, str] = {}
        self._whole: set[int] = set()
        self._back: Counter[UUID] = Counter()
        self._undelivered: dict[str, Counter[str]] = {}
        self._looked: dict[str, tuple[int, int]] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._failed: BaseException | None = None
        self._hands = asyncio.Semaphore(HANDS)
        self._done = 0
        self.now: datetime | None = None
        self.at_rest = False
        self.over_returns: list[OverReturn] = []
        self.rounding_milli = 0
        self.seeded = self._counters.seeded

    @property
    def waiting(self) -> int:
        """How many jobs are not done yet."""
        return sum(map(len, self._queues))

    @property
    def busy(self) -> bool:
        """Whether somebody is at work."""
        return bool(self._tasks)

    async def recall(self) -> None:
        """Find what an earlier run has given for because it had not been handed over."""
        reader = self._counters.decider
        for one in await self._desk.read_list(reader, "returns", Known):
            if one.source_id.endswith(NOT_HANDED_OVER):
                answer = await self._desk.ask(
                    reader, f"returns/{one.id}", method="GET", expected=()
                )
                units: Counter[str] = Counter()
                for line in msgspec.json.decode(answer.content, type=Credited).lines:
                    units[line.sku] += line.credited
                self._undelivered[one.source_id] = units

    async def look(self) -> int:
        """Begin what can be done; return how much was done since the last look.

        Raises:
            BaseException: what went wrong with something begun before.
        """
        if self._failed:
            raise self._failed
        for place, queue in enumerate(self._queues):
            if queue and place not in self._tasks and self._may_begin(queue[0]):
                task = asyncio.create_task(self._work_off(queue))
                self._tasks[place] = task
                task.add_done_callback(partial(self._leave, place))
        done, self._done = self._done, 0
        return done

    async def rest(self) -> None:
        """Finish everything, now that nothing more will be handed over."""
        self.at_rest = True
        while self.waiting:
            await self.look()
            await asyncio.gather(*self._tasks.values())

    def _leave(self, place: int, task: asyncio.Task[None]) -> None:
        del self._tasks[place]
        if not task.cancelled():
            self._failed = self._failed or task.exception()

    def _may_begin(self, job: Job) -> bool:
        if self.at_rest:
            return True
        if self.now is None or job.note.at > self.now:
            return False
        if not isinstance(job, TakeBack | Goodwill) or self._register.is_refused(job.sale):
            return True
        sold = self._register.find(job.sale)
        left = sold and self._register.left(sold.number)
        if not left:
            return False
        parcels, looks = self._looked.get(job.sale, (0, 0))
        return left.parcels > parcels or looks < LOOKS_PER_PARCEL

    async def _work_off(self, queue: list[Job]) -> None:
        """Do the jobs of a customer as far as they can be done now."""
        async with self._hands:
            while queue and self._may_begin(queue[0]):
                if not await self._do(queue[0]):
                    break
                self._finish(queue.pop(0))

    async def _do(self, job: Job) -> bool:
        """Do a job; return whether it is done, and not to be tried again later."""
        match job:
            case TakeBack():
                return await self._take_back(job)
            case Blind():
                goods = [
                    (one, one.excess, one.line.price_milli)
                    for one in job.goods
                    if one.line.number not in self._whole
                ]
                await self._give_blind(job.note, "blind", goods, job.claims)
            case Goodwill():
                await self._credit(job)
            case Booking():
                await self._book_by_hand(job)
        return True

    async def _take_back(self, job: TakeBack) -> bool:
        """Take back what was handed over; wait for the rest, or give it otherwise at the end."""
        sold = self._register.find(job.sale)
        if sold is None:
            missing = [(one, take, take.units) for one, take in job.goods]
            await self._give_blind(job.note, f"{job.sale}/refused", priced(missing), ())
            return True
        left = self._register.left(sold.number)
        shown = await self._show(sold)
        blind = self._undelivered.get(f"{job.note.number}/{job.sale}{NOT_HANDED_OVER}", {})
        backs = find_backs(job, sold, shown, self._back, blind)
        missing = [(back.one, back.take, back.lacking) for back in backs if back.lacking]
        if missing and not self.at_rest:
            parcels, looks = self._looked.get(job.sale, (0, 0))
            now = left.parcels if left else 0
            self._looked[job.sale] = now, looks + 1 if now == parcels else 1
            return False
        self._words |= {back.one.line.number: UNDELIVERED for back in backs if back.given}
        at = max(job.note.at, left.at + A_DAY) if left else job.note.at
        for one in job.over:
            await self._try_whole(job, sold, one, at)
        coming = [back for back in backs if back.units and back.one.line.number not in self._whole]
        if coming:
            await self._bring(job, sold, coming, at)
        if missing:
            await self._give_undelivered(job, sold, shown, missing)
        return True

    async def _show(self, sold: Sold) -> Ordered:
        answer = await self._desk.ask(
            self._counters.decider, f"orders/{sold.id}", method="GET", expected=()
        )
        return msgspec.json.decode(answer.content, type=Ordered)

    async def _try_whole(self, job: TakeBack, sold: Sold, one: GivenBack, at: datetime) -> None:
        """Try to give all of a line back, of which less is left: it is refused."""
        body = self._clerk.attempt(job, sold.number, one, at)
        answer = await self._counters.take(job.note, body)
        units = job.tried_units(one)
        if answer.ok:
            # More was left than the credit notes tell: nothing of the article is in excess.
            given = (one, *(other for other, _ in job.goods if is_alike(other, one)))
            self._whole |= {each.line.number for each in given}
            self._desk.complain("POST", "return-desk", answer)
            return
        self.over_returns.append(
            OverReturn(job.note.number, one.line.sku, units, units - one.excess, reason_of(answer))
        )

    async def _bring(self, job: TakeBack, sold: Sold, backs: Sequence[Back], at: datetime) -> None:
        note, clerk = job.note, self._clerk
        if clerk.comes_by_post(note, backs):
            body = clerk.announce(job, sold.number, backs, at)
            answer = await self._counters.receive(note, body, backs, at)
        else:
            body = clerk.take_back(job, sold.number, backs, at)
            answer = await self._counters.take(note, body)
        if answer.ok:
            for back in backs:
                self._back[back.order_line] += back.units
            self.rounding_milli += self._clerk.kept_converted_milli(job, backs)
            self.seeded["taken_back"] += 1
        else:
            self._spoil((back.one.line.number for back in backs), answer)

    async def _give_undelivered(
        self, job: TakeBack, sold: Sold, shown: Ordered, missing: Sequence[Missing]
    ) -> None:
        """Cancel units that were never handed over; what cannot be is given without the order."""
        rest: list[Missing] = []
        for one, take, units in missing:
            self._words[one.line.number] = UNDELIVERED
            line = {"line_id": find_line(take, sold, shown).id, "quantity": units}
            cheaper = take.sold.price_milli > one.line.price_milli
            if cheaper or not await self._cancel(job, sold, one, line):
                rest.append((one, take, units))
        await self._give_blind(job.note, f"{job.sale}{NOT_HANDED_OVER}", priced(rest), ())

    async def _cancel(self, job: TakeBack, sold: Sold, one: GivenBack, line: Body) -> bool:
        answer = await self._desk.ask(
            self._counters.decider,
            f"orders/{sold.id}/cancellation",
            {"lines": [line], "reason": reason_undelivered(job.note)},
            key=f"demo/{self._seed}/undelivered/{one.line.number}/{line['line_id']}",
        )
        return answer.ok

    async def _give_blind(
        self,
        note: CreditNote,
        what: str,
        goods: Sequence[tuple[GivenBack, int, int]],
        claims: Sequence[Claim],
    ) -> None:
        """Give for goods and claims without an order."""
        if not (goods or claims):
            return
        body = self._clerk.blind(note, what, goods, claims, PROOF)
        answer = await self._counters.take(note, body, by_manager=True)
        if answer.ok:
            self.rounding_milli += self._clerk.converted_milli(note, claims)
            self.seeded["given_blind"] += 1
        else:
            lines = [one for one, _, _ in goods]
            self._spoil((one.line.number for one in (*lines, *claims)), answer)

    async def _credit(self, job: Goodwill) -> None:
        """Credit money on an order; without it where the order cannot say its tax or bear it."""
        sold = self._register.find(job.sale)
        shown = await self._show(sold) if sold else None
        rates = {line.tax_rate_bp for line in shown.lines} if shown else set()
        if sold is not None and len(rates) == 1:
            body = self._clerk.goodwill(job, sold.number, rates.pop())
            answer = await self._counters.take(job.note, body, by_manager=True)
            if answer.ok:
                self.rounding_milli += self._clerk.converted_milli(job.note, job.claims)
                self.seeded["credited"] += 1
                return
        self._words |= {one.line.number: WITHOUT_ORDER for one in job.claims}
        await self._give_blind(job.note, f"{job.sale}/goodwill/blind", (), job.claims)

    async def _book_by_hand(self, job: Booking) -> None:
        answer = await self._desk.ask(
            self._desk.operator,
            "ledger/entries",
            self._clerk.booking(job),
            key=f"demo/{self._seed}/booking/{job.claim.line.number}",
        )
        if answer.ok:
            self.seeded["booked_by_hand"] += 1
        else:
            self._spoil([job.claim.line.number], answer)

    def _spoil(self, numbers: Iterable[int], answer: Answer) -> None:
        self._problems |= dict.fromkeys(numbers, reason_of(answer))

    def _finish(self, job: Job) -> None:
        """Write down how the lines ended of which this was the last part."""
        self._done += 1
        for number in lines_of(job):
            self._parts[number] -= 1
            if not self._parts[number]:
                self._end(number)

    def _end(self, number: int) -> None:
        if number in self._goods:
            note, one = self._goods[number]
            line, (fate, reason) = one.line, fate_of_goods(one, note.claims)
        else:
            claim = self._claims[number]
            line, (fate, reason) = claim.line, fate_of_claim(claim)
        reason = self._words.get(number, reason)
        if number in self._problems:
            fate, reason = "rejected", self._problems[number]
        self._book.end([line], fate, reason)
