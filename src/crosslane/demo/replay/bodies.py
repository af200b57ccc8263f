"""What is sent for a sale: order, cart, marketplace file, till batch; pure.

Recorded prices are without tax. A channel that shows prices with tax is told the price with tax,
which is exact in thousandths of a penny; what Crosslane takes out of the rounded line again is the
recorded amount to the penny, because the tax on half a penny is less than half a penny.
"""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from crosslane.demo.draws import draw
from crosslane.demo.raw import RawLine
from crosslane.demo.replay.choices import Choice
from crosslane.demo.replay.timeline import MarketplaceFile, Sale, TillBatch
from crosslane.demo.world import (
    FREIGHT_SERVICE,
    MARKETPLACE,
    OUTAGE_SERVICE,
    PHONE,
    PROVIDER,
    TRADE_IE,
    WEB,
    Access,
    Account,
    World,
)
from crosslane.demo.world.people import Person, shopper
from crosslane.kernel import line_amount, rounded_ratio

BASIS_POINTS = 10_000
NOWHERE = "XX99 9XX"
GOOD_CARD, BAD_CARD = "tok_visa", "tok_decline_insufficient_funds"
BY_CARD_PER_MILLE = 600
CODE_CHARACTERS_MAX = 40
TILL = "T1"
# What weighs more goes on a pallet, as one consignment, and not in three parcels and more.
PARCELS_GRAMS_MAX = 60_000

RateBp = Callable[[str, str, datetime], int]
Body = dict[str, Any]


class Clerk:
    """Writes the requests for sales.

    Args:
        world: whom they are sent to.
        rate_bp: tax rate in basis points of an article in a country at a time.
        grams: weight of a unit by SKU.
        seed: draws consumers.
    """

    def __init__(self, world: World, rate_bp: RateBp, grams: Mapping[str, int], seed: int) -> None:
        self._world = world
        self._rate_bp = rate_bp
        self._grams = grams
        self._seed = seed

    def account(self, sale: Sale) -> Account:
        """Return the trade account that buys."""
        return self._world.accounts[sale.customer]

    def shopper(self, sale: Sale) -> Person:
        """Return the invented consumer who buys."""
        return shopper(self._seed, sale.number, country=sale.country)

    def channel(self, sale: Sale, choice: Choice) -> str:
        """Return the code of the channel of a trade order."""
        own = self.account(sale).channel
        return PHONE if choice.by_phone and own != TRADE_IE else own

    def address(self, sale: Sale) -> Body:
        """Return where goods of a sale go."""
        if sale.customer:
            return dict(self.account(sale).address)
        return dict(self.shopper(sale).address)

    def service(self, sale: Sale, choice: Choice | None = None) -> str:
        """Return the service that consumers' goods are sent with, "" for the usual one."""
        grams = sum(line.quantity * self._grams.get(line.sku, 0) for line in sale.lines)
        if grams > PARCELS_GRAMS_MAX:
            return FREIGHT_SERVICE
        return OUTAGE_SERVICE if choice and choice.express else ""

    def order(self, sale: Sale, choice: Choice) -> Body:
        """Return a trade order, on account, at the recorded prices."""
        access = self._world.channels[self.channel(sale, choice)]
        address = self.address(sale)
        credit = [{"role": "sold", "staff": choice.agent}] if choice.agent else []
        lines = self._lines(sale, access, address["country"])
        return {
            "channel": access.code,
            "source_id": sale.number,
            "placed_at": sale.at,
            "buyer": {"account_number": sale.customer},
            "ship_to": mistyped(address) if choice.bad_address else address,
            "lines": [line | {"attributions": credit} for line in lines],
            "shipping_minor": self._delivery(sale, access, address["country"]),
            "tenders": [{"method": "on_account"}],
            "stops": stops(choice),
        }

    def cart(self, sale: Sale, choice: Choice, *, corrected: bool = False) -> Body:
        """Return a consumer's cart with all that is known before the customer has chosen a store.

        Ids of operations are drawn, so that the same cart sent again is the same cart.
        """
        access, person = self._world.channels[WEB], self.shopper(sale)
        country = person.address["country"]
        changes: list[Body] = [
            {"type": "add", "line_id": self._uuid("line", sale.number, place), **line}
            for place, line in enumerate(self._lines(sale, access, country))
        ]
        changes.append({"type": "buyer", "email": person.email, "name": person.name})
        wrong = choice.bad_address and not corrected
        address = mistyped(person.address) if wrong else person.address
        changes.append({"type": "address", "address": address})
        if sale.way == "ship":
            delivery = self._delivery(sale, access, country)
            option: Body = {"type": "option", "method": "ship", "shipping_minor": delivery}
            changes.append(option | {"service": self.service(sale, choice)})
        card = BAD_CARD if choice.declined else GOOD_CARD
        tender = {"type": "tender", "tender_id": self._uuid("tender", sale.number)}
        changes.append({**tender, "method": "card", "token": card, "provider": PROVIDER})
        return {
            "channel": access.code,
            "source_id": sale.number,
            "occurred_at": sale.at,
            "operations": self._operations(sale, changes),
        }

    def choose_way(self, sale: Sale, base_version: int, method: str, store: str) -> Body:
        """Return the edit of a cart by which its customer chooses a store, or a parcel."""
        option: Body = {"type": "option", "method": method, "store": store}
        if method == "ship":
            service = self.service(sale)
            option = {"type": "option", "method": method, "shipping_minor": 0, "service": service}
        return {"operations": self._operations(sale, [option], base_version)}

    def asks_for_quote(self, sale: Sale, one_in: int) -> bool:
        """Whether the customer of a basket wants its price in writing."""
        return draw(one_in, "quote", self._seed, sale.number) == 0

    def till_source(self, batch: TillBatch, sale: Sale) -> str:
        """Return the number that the order of a till sale will have."""
        return f"{batch.store}/{TILL}/{sale.number}"

    def marketplace_file(self, file: MarketplaceFile) -> bytes:
        """Return the orders of a day as JSON lines."""
        return json_lines([self._marketplace_order(sale) for sale in file.sales])

    def till_batch(self, batch: TillBatch, access: Access) -> bytes:
        """Return the sales of a till's day as a till batch, with the totals the till has."""
        country = self._world.places[batch.store].country
        sales = [self._till_sale(sale, access, country) for sale in batch.sales]
        tenders: Counter[str] = Counter()
        for sale in sales:
            tenders.update({one["method"]: one["minor"] for one in sale["tenders"]})
        at = [sale.at for sale in batch.sales]
        head = {
            "type": "till",
            "store": batch.store,
            "till": TILL,
            "batch": f"{batch.day.isoformat()}/1",
            "currency": access.currency,
            "opened_at": min(at),
            "closed_at": max(at),
            "totals": {
                "sales": len(sales),
                "voids": 0,
                "units": sum(line["quantity"] for sale in sales for line in sale["lines"]),
                "gross_minor": sum(tenders.values()),
                "tenders": tenders,
            },
        }
        return json_lines([head, *sales, {"type": "end", "records": len(sales)}])

    def _marketplace_order(self, sale: Sale) -> Body:
        access, person = self._world.channels[MARKETPLACE], self.shopper(sale)
        lines = self._lines(sale, access, person.address["country"])
        return {
            "type": "order",
            "source_id": sale.number,
            "event_at": sale.at,
            "buyer": {"email": person.email, "name": person.name},
            "ship_to": person.address,
            "lines": [{"id": str(place), **line} for place, line in enumerate(lines, 1)],
            "shipping_minor": 0,
            "service": self.service(sale),
        }

    def _till_sale(self, sale: Sale, access: Access, country: str) -> Body:
        lines = self._lines(sale, access, country)
        minor = sum(line_amount(line["unit_price_milli"], line["quantity"]) for line in lines)
        by_card = draw(1_000, "tender", self._seed, sale.number) < BY_CARD_PER_MILLE
        method = "card" if by_card else "cash"
        return {
            "type": "sale",
            "receipt": sale.number,
            "at": sale.at,
            "lines": lines,
            "tenders": [{"method": method, "minor": minor}],
        }

    def _lines(self, sale: Sale, access: Access, country: str) -> list[Body]:
        return [
            {
                "sku": line.sku,
                "quantity": line.quantity,
                "unit_price_milli": self._price(line, access, country, sale.at),
            }
            for line in sale.lines
        ]

    def _price(self, line: RawLine, access: Access, country: str, at: datetime) -> int:
        price = line.price_milli
        if access.currency != "GBP":
            price = rounded_ratio(price, *self._world.euro_per_pound)
        if access.tax_mode == "inclusive":
            rate = self._rate_bp(line.sku, country, at)
            price = rounded_ratio(price, BASIS_POINTS + rate, BASIS_POINTS)
        return price

    def _delivery(self, sale: Sale, access: Access, country: str) -> int:
        minor = sale.delivery_minor
        if access.currency != "GBP":
            minor = rounded_ratio(minor, *self._world.euro_per_pound)
        if access.tax_mode == "inclusive":
            rate = self._rate_bp("", country, sale.at)
            minor = rounded_ratio(minor, BASIS_POINTS + rate, BASIS_POINTS)
        return minor

    def _operations(self, sale: Sale, changes: Sequence[Body], base: int = 0) -> list[Body]:
        return [
            {
                "id": self._uuid("operation", sale.number, base + place, change),
                "base_version": base + place,
                "change": change,
            }
            for place, change in enumerate(changes)
        ]

    def _uuid(self, *words: object) -> UUID:
        return UUID(int=draw(1 << 128, self._seed, *words), version=4)


def mistyped(address: Body) -> Body:
    """Return a British address with a postcode that no place has."""
    return {**address, "postcode": NOWHERE}


def stops(choice: Choice) -> list[Body]:
    """Return what holds an order back from the first moment."""
    if not choice.suspicious:
        return []
    return [{"kind": "fraud", "reason": "The screening of the demo found it unusual"}]


def reason_code(note: str) -> str:
    """Return the note on a stock line as a code for the adjustment."""
    words = re.sub(r"[^a-z0-9]+", "_", note.lower()).strip("_")
    if not words or not words[0].isalpha():
        words = f"note_{words}".strip("_")
    return words[:CODE_CHARACTERS_MAX].strip("_")


def json_lines(records: Sequence[Body]) -> bytes:
    """Return records as JSON, one a line."""
    return b"".join(msgspec.json.encode(record) + b"\n" for record in records)
