"""Selling: recorded sales become orders, each through the interface its channel would use.

Trade orders are placed one by one, web baskets go from a cart with its stock kept to an order, the
marketplace hands over a file and each till its batch. Every line of a sale ends here: placed, or
rejected with the reason Crosslane gave.
"""

import asyncio
from collections import Counter
from typing import Any

from crosslane.demo.client import Answer
from crosslane.demo.replay.bodies import Clerk, reason_code, stops
from crosslane.demo.replay.choices import Choice, choose
from crosslane.demo.replay.desk import Desk
from crosslane.demo.replay.outcome import LineBook
from crosslane.demo.replay.probe import Probe
from crosslane.demo.replay.register import Register, Sold
from crosslane.demo.replay.timeline import MarketplaceFile, Reversal, Sale, StockNote, TillBatch
from crosslane.demo.streams import Stream
from crosslane.demo.world import (
    FRANCHISE_TILLS,
    MARKETPLACE,
    OUTAGE_SERVICE,
    TILLS,
    WEB,
    Planned,
    World,
)

JSON_LINES = "application/x-ndjson"
ORDERS_FORMAT, TILL_FORMAT = "orders-jsonl", "till-batch"
ALREADY_TAKEN = "source-id-taken"
ALREADY_PLACED = "cart-placed"
STOCK_LACKS = frozenset({"not-enough-to-hold", "out-of-stock"})
NOTHING_LEFT = frozenset({"nothing-to-cancel", "order-closed"})
LOOK_SECONDS = 1.0
LOOKS_MAX = 120
# One basket in so many asks for a signed quote and is placed at it.
QUOTES_ONE_IN = 4


class Seller:
    """Sends what was sold.

    Args:
        desk: who speaks.
        world: whom it is sold by.
        clerk: writes the requests.
        register: is told of every order.
        book: is told how every line ended.
        probe: measures how soon other channels see an order.
        seed: draws what is invented.

    Attributes:
        orders_in: orders with an answer, by channel.
        orders_rejected: those of them that were refused, by channel.
        seeded: invented trouble, as often as it was played.
    """

    def __init__(
        self,
        desk: Desk,
        world: World,
        clerk: Clerk,
        register: Register,
        book: LineBook,
        probe: Probe,
        seed: int,
    ) -> None:
        self._desk, self._world, self._clerk = desk, world, clerk
        self._register, self._book, self._probe, self._seed = register, book, probe, seed
        self._agents = sorted(code for code, one in world.logins.items() if one.role == "agent")
        self._manager = next(code for code, one in world.logins.items() if one.role == "manager")
        self.orders_in: Counter[str] = Counter()
        self.orders_rejected: Counter[str] = Counter()
        self.seeded: Counter[str] = Counter()

    async def sell(self, sale: Sale) -> None:
        """Place the order of a trade account or of a web basket, unless it is there already."""
        choice = choose(sale, self._agents, self._seed)
        trade = sale.stream is Stream.ACCOUNT
        channel = self._clerk.channel(sale, choice) if trade else WEB
        if self._register.find(sale.number) is not None:
            self._take(sale, channel)
            return
        async with self._probe.watching(sale) as watched:
            if trade:
                answer = await self._place_trade(sale, choice, channel)
            else:
                answer = await self._place_basket(sale, choice)
            # A declined card gives back at once what the order took.
            if watched and answer.ok and not choice.declined:
                taken = sum(
                    line["allocated"] for line in answer.body["lines"] if line["sku"] == watched.sku
                )
                await self._probe.end(sale, watched, taken)
        if answer.ok:
            self._note_seeded(choice)
            self.seeded["express"] += self._clerk.service(sale, choice) == OUTAGE_SERVICE
            self._register.enter(Sold.of(answer.body, sale))
        if answer.ok or answer.code in (ALREADY_TAKEN, ALREADY_PLACED):
            self._take(sale, channel)
        else:
            self._refuse(sale, channel, reason_of(answer))

    async def hand_in(self, file: MarketplaceFile) -> None:
        """Hand in the marketplace's file of a day and wait until its orders are there."""
        content = self._clerk.marketplace_file(file)
        numbers = {sale.number: sale for sale in file.sales}
        await self._post_file(MARKETPLACE, ORDERS_FORMAT, content, numbers)

    async def ring_up(self, batch: TillBatch) -> None:
        """Hand in a till's batch of a day and wait until its sales are there."""
        franchise = self._world.places[batch.store].format == "FRANCHISE"
        channel = FRANCHISE_TILLS if franchise else TILLS
        content = self._clerk.till_batch(batch, self._world.channels[channel])
        numbers = {self._clerk.till_source(batch, sale): sale for sale in batch.sales}
        await self._post_file(channel, TILL_FORMAT, content, numbers)

    async def adjust(self, note: StockNote) -> None:
        """Book a stock note at the national warehouse, where the notes were written."""
        line = note.line
        where = next(code for code, one in self._world.places.items() if one.format == "NDC")
        code = reason_code(line.description or "stock note")
        row = {"sku": line.sku, "location": where, "delta": line.quantity, "code": code}
        async with self._probe.paused():
            answer = await self._desk.ask(
                self._desk.staff(self._manager),
                "inventory/adjustments",
                {"lines": [row], "occurred_at": note.at},
                key=f"demo/{self._seed}/note/{line.number}",
            )
        if answer.ok:
            self._book.end([line], "adjusted")
        else:
            self._book.end([line], "rejected", reason_of(answer))

    async def reverse(self, reversal: Reversal) -> None:
        """Cancel the order that a credit note of the same day takes back whole."""
        entries = reversal.credit.lines
        lines = [entry.line for entry in entries if entry.stream is Stream.CANCELLATION]
        sold = await self._register.wait_for(reversal.order)
        reason = "its order was refused"
        if sold is not None:
            answer = await self._desk.ask(
                self._desk.staff(self._agents[0]),
                f"orders/{sold.id}/cancellation",
                {"reason": f"Credit note {reversal.credit.number}: taken back whole"},
                key=f"demo/{self._seed}/reversal/{reversal.credit.number}",
            )
            done = answer.ok or await self._is_cancelled(sold, answer)
            reason = "" if done else reason_of(answer)
        self._register.let_go(reversal.order)
        self._book.end(lines, "rejected" if reason else "cancelling", reason)

    async def tell(self, planned: Planned) -> None:
        """Tell of goods that arrived, or of what was counted."""
        client = self._desk.staff(planned.staff) if planned.staff else self._desk.operator
        async with self._probe.paused():
            await self._desk.ask(client, planned.path, planned.body, key=planned.key, expected=())
        self.seeded["cycle_count"] += planned.path.endswith("/counts")

    async def _place_trade(self, sale: Sale, choice: Choice, channel: str) -> Answer:
        return await self._desk.ask(
            self._desk.channel(channel),
            "orders",
            self._clerk.order(sale, choice),
            key=self._key(sale, "order"),
        )

    async def _place_basket(self, sale: Sale, choice: Choice) -> Answer:
        """Fill a cart, choose how it goes, keep its stock at once, and place it with a card."""
        client = self._desk.channel(WEB)
        answer = await self._begin_cart(sale, choice)
        if not answer.ok:
            return answer
        cart = answer.body
        if sale.way != "ship":
            cart = await self._choose_store(sale, cart)
        path = f"carts/{cart['id']}"
        body: dict[str, Any] = {"version": cart["version"], "stops": stops(choice)}
        if self._clerk.asks_for_quote(sale, QUOTES_ONE_IN):
            quoted = await self._desk.ask(client, f"{path}/quote")
            if quoted.ok:
                body["quote"] = quoted.body["quote"]
        return await self._desk.ask(client, f"{path}/order", body)

    async def _begin_cart(self, sale: Sale, choice: Choice) -> Answer:
        begin = self._hold if sale.way == "ship" else self._web
        answer = await begin("carts", self._clerk.cart(sale, choice), self._key(sale, "cart"))
        if choice.bad_address and not answer.ok:
            # The shop tells its customer at once, who types the postcode again.
            body = self._clerk.cart(sale, choice, corrected=True)
            answer = await begin("carts", body, self._key(sale, "corrected"))
        return answer

    async def _web(self, path: str, body: dict[str, Any], key: str) -> Answer:
        return await self._desk.ask(self._desk.channel(WEB), path, body, key=key)

    async def _hold(self, path: str, body: dict[str, Any], key: str) -> Answer:
        """Begin or edit a cart and keep its stock.

        When stock lacks it is done all the same: the missing units wait for the next delivery, as
        the shop's policy has it.
        """
        answer = await self._web(path, {**body, "hold": True}, f"{key}/held")
        if answer.code in STOCK_LACKS:
            answer = await self._web(path, body, key)
        return answer

    async def _choose_store(self, sale: Sale, cart: dict[str, Any]) -> dict[str, Any]:
        """Choose the nearest store that can have all of it in the wanted way, else a parcel."""
        client, path = self._desk.channel(WEB), f"carts/{cart['id']}"
        shown = await self._desk.ask(client, f"{path}/choices", method="GET")
        offers = shown.body["pickups"] if shown.ok else []
        whole = [offer for offer in offers if not offer["lacking"]]
        wanted = [offer for offer in whole if offer["method"] == sale.way] or whole
        method, store = (wanted[0]["method"], wanted[0]["store"]) if wanted else ("ship", "")
        self.seeded[f"way {method}"] += 1
        edit = self._clerk.choose_way(sale, cart["version"], method, store)
        edited = await self._hold(f"{path}/operations", edit, self._key(sale, "way"))
        return edited.body if edited.ok else cart

    async def _post_file(
        self, channel: str, format: str, content: bytes, numbers: dict[str, Sale]
    ) -> None:
        """Post a file and tell of each of its sales what became of it.

        Its key is made of its content: a longer replay has more sales of the same day, and those
        that are there already are told as they are.
        """
        client = self._desk.channel(channel)
        answer = await self._desk.ask(
            client,
            f"channels/{channel}/messages?format={format}",
            content,
            content_type=JSON_LINES,
        )
        messages: dict[str, Any] = {}
        if answer.ok:
            messages = await self._messages(channel, answer.body["id"], numbers)
        for source, sale in numbers.items():
            told = messages.get(source, {})
            sold = self._register.find(source)
            if told.get("order_id"):
                sold = Sold.told(told, source, sale)
                self._register.enter(sold)
            if sold is not None:
                self._take(sale, channel)
            else:
                reason = told.get("code") or told.get("state") or reason_of(answer)
                self._refuse(sale, channel, reason)

    async def _messages(
        self, channel: str, batch: str, numbers: dict[str, Sale]
    ) -> dict[str, dict[str, Any]]:
        """Return the messages of a batch once all of them are worked off, by source number."""
        client = self._desk.channel(channel)
        for _ in range(LOOKS_MAX):
            shown = await self._desk.ask(client, f"channel-batches/{batch}", method="GET")
            if not shown.ok or not shown.body["counts"].get("received"):
                break
            await asyncio.sleep(LOOK_SECONDS)
        found = await self._desk.read_list(client, "channel-messages", dict, batch_id=batch)
        return {one["source_id"]: one for one in found if one["source_id"] in numbers}

    async def _is_cancelled(self, sold: Sold, refused: Answer) -> bool:
        if refused.code not in NOTHING_LEFT:
            return False
        agent = self._desk.staff(self._agents[0])
        shown = await self._desk.ask(agent, f"orders/{sold.id}", method="GET")
        return shown.ok and shown.body["status"] == "cancelled"

    def _take(self, sale: Sale, channel: str) -> None:
        self.orders_in[channel] += 1
        self._book.end(sale.lines, "placed")
        self._book.end(sale.carriage, "postage")

    def _refuse(self, sale: Sale, channel: str, reason: str) -> None:
        self.orders_in[channel] += 1
        self.orders_rejected[channel] += 1
        self._register.refuse(sale.number)
        self._book.end([*sale.lines, *sale.carriage], "rejected", reason)
        if sale.stream is Stream.WEB:
            self._book.refused_shares_milli += sale.delivery_milli

    def _note_seeded(self, choice: Choice) -> None:
        for name in ("by_phone", "bad_address", "suspicious", "fraud", "declined"):
            self.seeded[name] += getattr(choice, name)

    def _key(self, sale: Sale, what: str) -> str:
        return f"demo/{self._seed}/{sale.number}/{what}"


def reason_of(answer: Answer) -> str:
    """Return why something was refused, as short as it can be said."""
    return answer.code or (f"status {answer.status}" if answer.status else "no answer")
