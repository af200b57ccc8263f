"""What is sent for a credit note: goods taken back, goodwill, entries in the books; pure.

Amounts of credit notes are without tax. Of goods that come back to their order nothing is said but
how many: the order knows what they cost and at which rate. Goods whose sale is not in the data were
sold before it begins, and so at the rate of that time.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from crosslane.demo.credits import Claim, CreditNote, GivenBack
from crosslane.demo.draws import draw
from crosslane.demo.replay.backs import Back, cheaper_milli
from crosslane.demo.replay.bodies import BASIS_POINTS, Body, RateBp
from crosslane.demo.replay.choices import (
    BY_POST_PER_MILLE,
    OVER_THE_COUNTER_PER_MILLE,
    choose_coming,
    happens,
)
from crosslane.demo.replay.givings import Booking, Goodwill, TakeBack
from crosslane.demo.streams import MARKETPLACE_FEE
from crosslane.demo.world import TILLS, Access, Place, World
from crosslane.demo.world.goods import STANDARD_BP_BEFORE
from crosslane.demo.world.organization import CORRECTIONS, RETAILER, SAMPLES
from crosslane.kernel import MILLI_PER_MINOR, rounded_ratio

TITLE_CHARACTERS_MAX = 200
BASE_CURRENCY = "GBP"
# Accounts of the books by the code of a line: what it costs, and what pays it.
COSTS = {
    MARKETPLACE_FEE: ("fees", "receivable_marketplace"),
    "BANK CHARGES": ("fees", "bank"),
    "CRUK": ("fees", "bank"),
    "S": (SAMPLES, "bank"),
}
COST_OF_OTHERS = (CORRECTIONS, "bank")


class CreditClerk:
    """Writes the requests for credit notes.

    Args:
        world: whom they are sent to.
        rate_bp: tax rate in basis points of an article in a country at a time.
        seed: draws why and where goods come back.
    """

    def __init__(self, world: World, rate_bp: RateBp, seed: int) -> None:
        self._world, self._rate_bp, self._seed = world, rate_bp, seed
        self._returns = next(p for p in world.places.values() if p.format == "RTN")
        # Stores on the islands are of another country, whose market sells nothing here.
        stores = (p for p in world.places.values() if p.format == "FULL" and p.country == "GB")
        self._counters = sorted(store.code for store in stores)

    def channel(self, note: CreditNote) -> Access:
        """Return the channel that had sold to the customer; whoever is unknown comes to a till."""
        account = self._world.accounts.get(note.customer)
        return self._world.channels[account.channel if account else TILLS]

    def place(self, note: CreditNote) -> Place:
        """Return where goods come back: the returns warehouse, sometimes the counter of a store."""
        words = (self._seed, note.number)
        over = not note.customer or happens(OVER_THE_COUNTER_PER_MILLE, "counter", *words)
        if self._counters and over and self.channel(note).currency == BASE_CURRENCY:
            code = self._counters[draw(len(self._counters), "counter place", *words)]
            return self._world.places[code]
        return self._returns

    def take_back(self, job: TakeBack, order: str, backs: Sequence[Back], at: datetime) -> Body:
        """Return goods that come back to an order, less what is kept back."""
        lines = [self._line(job.note, b.one, b.units) | {"order_line": b.order_line} for b in backs]
        kept = [self._kept(job.note, back) for back in backs if cheaper_milli(back)]
        return self._body(job.note, f"{job.note.number}/{job.sale}", at) | {
            "order": order,
            "lines": lines,
            "charges": kept,
        }

    def comes_by_post(self, note: CreditNote, backs: Sequence[Back]) -> bool:
        """Whether goods are announced and sent; where something is kept back it is agreed before.

        The others are taken back at once, as where the customer had sent them without a word.
        """
        drawn = happens(BY_POST_PER_MILLE, "post", self._seed, note.number)
        at_home = self.channel(note).currency == BASE_CURRENCY
        return (
            drawn
            and at_home
            and self.place(note) == self._returns
            and not any(map(cheaper_milli, backs))
        )

    def announce(self, job: TakeBack, order: str, backs: Sequence[Back], at: datetime) -> Body:
        """Return what a customer asks for who sends goods of an order by post."""
        lines = []
        for back in backs:
            coming = choose_coming(self._seed, job.note.number, back.one.line.number)
            lines.append(
                {
                    "order_line": back.order_line,
                    "quantity": back.units,
                    "reason": coming.reason,
                    "item_state": coming.item_state,
                }
            )
        return {
            "order": order,
            "lines": lines,
            "method": "post",
            "location": self.place(job.note).code,
            "source_id": f"{job.note.number}/{job.sale}",
            "occurred_at": at,
        }

    def dispositions(self, note: CreditNote, backs: Sequence[Back]) -> dict[UUID, str]:
        """Return what becomes of the goods of each order line."""
        return {
            back.order_line: choose_coming(
                self._seed, note.number, back.one.line.number
            ).disposition
            for back in backs
        }

    def attempt(self, job: TakeBack, order: str, one: GivenBack, at: datetime) -> Body:
        """Return the whole of a line of which more comes back than is left, for a refusal."""
        return self._body(job.note, f"{job.note.number}/{one.line.number}/all", at) | {
            "happened": False,
            "order": order,
            "lines": [self._line(job.note, one, job.tried_units(one))],
            "charges": [],
        }

    def blind(
        self,
        note: CreditNote,
        what: str,
        goods: Sequence[tuple[GivenBack, int, int]],
        claims: Sequence[Claim],
        reason: str,
    ) -> Body:
        """Return goods and money of no order, on a manager's word.

        Args:
            note: the credit note, which is the proof.
            what: ends the number of the return.
            goods: lines, units, and the price of one in 1/1000 penny without tax.
            claims: money.
            reason: of the manager.
        """
        account = self._world.accounts.get(note.customer)
        method: Body = {"method": "cash"}
        if account:
            method = {"method": "on_account", "account": account.customer_id}
        return self._body(note, f"{note.number}/{what}", note.at) | {
            "lines": [
                self._line(note, one, units) | self._price(note, one, milli)
                for one, units, milli in goods
            ],
            "charges": [self._claim(note, claim) for claim in claims],
            "proof": f"Credit note {note.number}",
            "refunds": [method],
            "customer": account.customer_id if account else None,
            "blind_override_reason": reason,
        }

    def goodwill(self, job: Goodwill, order: str, rate_bp: int) -> Body:
        """Return money that is credited on an order whose goods all bear one rate."""
        charges = [self._claim(job.note, claim) | {"tax_rate_bp": rate_bp} for claim in job.claims]
        body = self._body(job.note, f"{job.note.number}/{job.sale}/goodwill", job.note.at)
        return body | {"order": order, "lines": [], "charges": charges}

    def booking(self, job: Booking) -> Body:
        """Return an entry in the books."""
        line, minor = job.claim.line, job.claim.amount_milli // MILLI_PER_MINOR
        cost, payer = COSTS.get(line.sku, COST_OF_OTHERS)
        one = {"entity": RETAILER, "currency": BASE_CURRENCY}
        words = line.description or line.code
        return {
            "day": job.note.at.date(),
            "memo": f"Credit note {job.note.number}, line {line.number}: {words}",
            "postings": [
                one | {"account": cost, "minor": minor},
                one | {"account": payer, "minor": -minor},
            ],
        }

    def converted_milli(self, note: CreditNote, claims: Sequence[Claim]) -> int:
        """Return what converting claims to the channel's currency takes off, in 1/1000 penny.

        Goods are converted by the price of one, which is exact.
        """
        amounts = [claim.amount_milli for claim in claims]
        return self._lost_milli(self.channel(note), amounts)

    def kept_converted_milli(self, job: TakeBack, backs: Sequence[Back]) -> int:
        """Likewise of what is kept back of goods."""
        return -self._lost_milli(self.channel(job.note), map(cheaper_milli, backs))

    def country(self, note: CreditNote) -> str:
        """Return the country whose tax the customer bears."""
        account = self._world.accounts.get(note.customer)
        return str(account.address["country"]) if account else "GB"

    def _body(self, note: CreditNote, source_id: str, at: datetime) -> Body:
        channel = self.channel(note)
        return {
            "channel": channel.code,
            "location": self.place(note).code,
            "source_id": source_id,
            "occurred_at": at,
            # What comes from another market's customers by post has come: no counter refuses it.
            "happened": channel.currency != BASE_CURRENCY,
        }

    def _line(self, note: CreditNote, one: GivenBack, units: int) -> Body:
        coming = choose_coming(self._seed, note.number, one.line.number)
        return {
            "sku": one.line.sku,
            "quantity": units,
            "reason": coming.reason,
            "item_state": coming.item_state,
            "disposition": coming.disposition,
        }

    def _price(self, note: CreditNote, one: GivenBack, milli: int) -> Body:
        channel = self.channel(note)
        rate = self._rate_bp(one.line.sku, self.country(note), note.at)
        if note.customer and rate:
            rate = STANDARD_BP_BEFORE
        if channel.currency != BASE_CURRENCY:
            milli = rounded_ratio(milli, *self._world.euro_per_pound)
        if channel.tax_mode == "inclusive":
            milli = rounded_ratio(milli, BASIS_POINTS + rate, BASIS_POINTS)
        return {"unit_price_milli": milli, "tax_rate_bp": rate}

    def _claim(self, note: CreditNote, claim: Claim) -> Body:
        words = claim.line.description or claim.line.code
        return {
            "kind": claim.kind,
            "title": f"Credit note {note.number}, line {claim.line.number}: {words}"[
                :TITLE_CHARACTERS_MAX
            ],
            "net_minor": -self._minor(self.channel(note), claim.amount_milli),
            "tax_rate_bp": self._rate_bp("", self.country(note), note.at),
        }

    def _kept(self, note: CreditNote, back: Back) -> Body:
        minor = self._minor(self.channel(note), cheaper_milli(back))
        return {
            "kind": "fee",
            "title": f"Credit note {note.number}, line {back.one.line.number}: credited at less",
            "net_minor": minor,
            "tax_rate_bp": back.rate_bp,
        }

    def _minor(self, channel: Access, milli: int) -> int:
        """Return pounds in 1/1000 penny as minor units of the channel's currency."""
        if channel.currency == BASE_CURRENCY:
            return rounded_ratio(milli, 1, MILLI_PER_MINOR)
        numerator, denominator = self._world.euro_per_pound
        return rounded_ratio(milli, numerator, denominator * MILLI_PER_MINOR)

    def _lost_milli(self, channel: Access, amounts: Iterable[int]) -> int:
        return sum(
            milli - self._in_pounds_milli(channel, self._minor(channel, milli)) for milli in amounts
        )

    def _in_pounds_milli(self, channel: Access, minor: int) -> int:
        if channel.currency == BASE_CURRENCY:
            return minor * MILLI_PER_MINOR
        numerator, denominator = self._world.euro_per_pound
        return rounded_ratio(minor * MILLI_PER_MINOR, denominator, numerator)
