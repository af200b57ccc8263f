"""Founding the retailer over HTTP, or finding it as it was left.

Most of it is named by codes, so asking twice is asking once. What has no code carries a key made of
its contents; and what was founded for a selection is noted in the safe, so that stock does not
arrive twice however late the second run comes.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from functools import partial
from secrets import token_hex
from typing import Any, TypeVar
from uuid import UUID

from msgspec import Struct

from crosslane.demo.client import Client, Connections, key_of
from crosslane.demo.progress import Progress
from crosslane.demo.selection import Selection
from crosslane.demo.stage import Stage
from crosslane.demo.streams import Stream, is_credit
from crosslane.demo.world import (
    goods,
    organization,
    pictures,
    places,
    shelves,
    staff,
    stock,
)
from crosslane.demo.world.nouns import (
    TRADE_IE,
    TRADE_WEB,
    Access,
    Account,
    Login,
    Place,
    World,
)
from crosslane.demo.world.organization import CHANNELS, CREDIT_DAYS, CREDIT_LIMIT_MINOR, TRADE, Call
from crosslane.demo.world.people import country_code, firm

RETAILER, ACCOUNTS, STOCK, STAFF = "retailer", "trade accounts", "opening stock", "staff"
ROWS_PER_IMPORT = 1_000
RECEIPTS_AT_ONCE = 2
SIGN_INS_AT_ONCE = 4
DELIVERED_ONLY = "furniture-storage"
# What the key of a channel may do: all a shop, a till or a marketplace needs, and nothing else.
SCOPES = (
    "catalog:read",
    "locations:read",
    "carriers:read",
    "pricing:read",
    "pricing:dictate",
    "inventory:read",
    "sourcing:read",
    "customers:*",
    "carts:*",
    "orders:*",
    "channels:*",
    "payments:read",
)

Item = TypeVar("Item")
Done = TypeVar("Done")


class Refused(Exception):
    """Crosslane took a part of the world only in parts: what, and the first reasons."""


class Size(Struct, frozen=True):
    """How much of the packaged lists the world takes: all, or a small part for a quick look.

    Args:
        places: codes of sites and warehouses; None for all.
        skus: articles; None for all.
    """

    places: frozenset[str] | None = None
    skus: frozenset[str] | None = None


async def build_world(
    stage: Stage, selection: Selection, seed: int, progress: Progress, size: Size | None = None
) -> World:
    """Found everything a replay needs.

    Args:
        stage: what runs.
        selection: what will be replayed; accounts, prices and stock follow from it.
        seed: draws what is invented.
        progress: is told how far it is.
        size: how much of the lists to take; all of it by default.

    Raises:
        Unexpected, Refused: Crosslane refused a part of it.
    """
    connections = Connections(stage.address)
    try:
        builder = Builder(stage, Client(connections, stage.safe.kept.operator_key), progress)
        return await builder.build(selection, seed, size or Size())
    finally:
        await connections.close()


class Builder:
    """One founding.

    Args:
        stage: what runs.
        client: the operator's.
        progress: is told how far it is.
    """

    def __init__(self, stage: Stage, client: Client, progress: Progress) -> None:
        self._stage = stage
        self._client = client
        self._progress = progress
        self._totals: Counter[str] = Counter()

    async def build(self, selection: Selection, seed: int, size: Size) -> World:
        """Found everything, what can go side by side at once."""
        listed = goods.read_articles()
        articles = [a for a in listed if size.skus is None or a.sku in size.skus]
        sites = [
            site
            for site in places.read_places()
            if size.places is None or site["site_id"] in size.places
        ]
        await self._call_each([*organization.organization(), goods.categories(listed)])
        products = asyncio.create_task(self._products(articles))
        terms = asyncio.create_task(self._terms(articles, selection, products))
        accounts = asyncio.create_task(self._accounts(selection))
        keys = asyncio.create_task(self._channels())
        known = await self._places(sites)
        logins = asyncio.create_task(self._logins(known))
        demand = stock.list_demand(selection)
        supply = await asyncio.to_thread(stock.plan_supply, demand, articles, known, seed)
        mark = key_of(str(seed), *sorted(invoice.number for invoice in selection.invoices))
        planned = list(stock.receipts(supply, articles, mark))
        opening = [one for one in planned if one.at == planned[0].at]
        await products
        looks = asyncio.create_task(self._looks(articles, demand))
        await self._opening(opening, mark)
        for call in shelves.bins(((one.location, one.sku) for one in supply), articles):
            await self._import(call)
        await looks
        await terms
        people = await logins
        staff = {one.location: code for code, one in people.items() if one.location}
        return World(
            address=self._stage.address,
            tenant=self._stage.tenant,
            operator_key=self._stage.safe.kept.operator_key,
            channels=await keys,
            logins=people,
            places=known,
            accounts=await accounts,
            till_stores=tuple(stock.till_stores(known, seed)),
            delivered_only=frozenset(a.sku for a in articles if a.category == DELIVERED_ONLY),
            replenishments=tuple(planned[len(opening) :]),
            counts=tuple(stock.cycle_counts(supply, staff, seed, mark)),
            inbox=self._stage.inbox,
            provider_url=self._stage.provider_url,
            carrier_url=self._stage.carrier_url,
        )

    async def _products(self, articles: Sequence[goods.Article]) -> None:
        """Products with everything that is said of them."""
        self._more(RETAILER, 1)
        await self._import(Call("product-imports", {"rows": [one.row for one in articles]}))

    async def _looks(
        self, articles: Sequence[goods.Article], demand: Sequence[stock.Demand]
    ) -> None:
        """Draw pictures of the articles that are wanted most."""
        calls = await asyncio.to_thread(lambda: list(pictures.pictures(articles, demand)))
        await self._call_each(calls)

    async def _terms(
        self,
        articles: Sequence[goods.Article],
        selection: Selection,
        products: asyncio.Task[None],
    ) -> None:
        """Who carries the products, and what they cost once they are there."""
        kept, stage = self._stage.safe.kept, self._stage
        await asyncio.gather(
            self._call_each(
                [
                    *organization.carriers(stage.carrier_url, kept.carrier_key),
                    organization.provider(
                        stage.provider_url, kept.provider_key, kept.webhook_secret
                    ),
                    *goods.taxes(),
                    goods.shipping_prices(),
                    *goods.price_lists(),
                ]
            ),
            self._policies([*organization.policies(), *goods.methods()]),
        )
        await products
        imports = list(goods.prices(articles, selection))
        self._more(RETAILER, len(imports))
        for call in imports:
            await self._import(call)

    async def _policies(self, wanted: Iterable[Call]) -> None:
        """Set policies that are not there yet: setting one again would be a version more."""
        there = await self._client.get_all("policies")
        await self._call_each(
            [call for call in wanted if not any(_says(one, call.body) for one in there)]
        )

    async def _places(self, sites: Sequence[Mapping[str, str]]) -> dict[str, Place]:
        rows = places.location_rows(sites)
        self._more(RETAILER, 1)
        await self._import(Call("location-imports", {"rows": rows}))
        ids = {one["code"]: one["id"] for one in await self._client.get_all("locations")}
        formats = {site["site_id"]: site["format"] for site in sites}
        return {
            row["code"]: Place(
                code=row["code"],
                id=UUID(ids[row["code"]]),
                kind=row["kind"],
                format=formats[row["code"]],
                entity=row["entity"],
                country=row["country"],
                postcode=row["postcode"],
                easting=row["easting"],
                northing=row["northing"],
                abilities=tuple(row["abilities"]),
            )
            for row in rows
        }

    async def _accounts(self, selection: Selection) -> dict[str, Account]:
        """Register the trade accounts that buy or give back, and let each buy on account."""
        countries: dict[str, str] = {}
        # Where an account has two countries, that of its orders counts.
        for invoice in sorted(selection.invoices, key=lambda one: is_credit(one.number)):
            line = invoice.lines[0].line
            if line.customer and (invoice.stream is Stream.ACCOUNT or is_credit(invoice.number)):
                countries.setdefault(line.customer, line.country)
        self._more(ACCOUNTS, len(countries))
        found: dict[str, Account] = {}
        numbers = sorted(countries)
        for start in range(0, len(numbers), ROWS_PER_IMPORT):
            some = {
                number: countries[number] for number in numbers[start : start + ROWS_PER_IMPORT]
            }
            found |= await self._import_accounts(some)
            self._progress.advance(ACCOUNTS, len(some))
        return found

    async def _import_accounts(self, countries: Mapping[str, str]) -> dict[str, Account]:
        firms = {number: firm(number, country) for number, country in countries.items()}
        rows = [
            {
                "kind": "organization",
                "name": who.name,
                "account_number": number,
                "email": who.email,
                "group": TRADE,
                "payment_terms_days": CREDIT_DAYS,
            }
            for number, who in firms.items()
        ]
        told = await self._require_whole(Call("customer-imports", {"rows": rows}))
        ids = dict(zip(firms, told["customer_ids"], strict=True))
        irish = {number for number in firms if country_code(countries[number]) == "IE"}
        credits = [
            {
                "customer_id": customer_id,
                "currency": "EUR" if number in irish else "GBP",
                "limit_minor": CREDIT_LIMIT_MINOR,
                "terms_days": CREDIT_DAYS,
            }
            for number, customer_id in ids.items()
        ]
        await self._require_whole(Call("credit-account-imports", {"rows": credits}))
        return {
            number: Account(
                number,
                UUID(ids[number]),
                TRADE_IE if number in irish else TRADE_WEB,
                who.name,
                who.email,
                who.address,
            )
            for number, who in firms.items()
        }

    async def _channels(self) -> dict[str, Access]:
        currencies = {market["code"]: market["currency"] for market in await self._markets()}
        kept = self._stage.safe.kept
        found = {}
        for plan in CHANNELS:
            if not await self._lets_in(kept.keys.get(plan.code, "")):
                body = {"name": plan.name, "scopes": list(SCOPES)}
                # Never the same idempotency key: a repeated answer does not tell the secret again.
                made = await self._client.send("api-keys", body, key=token_hex())
                kept.keys[plan.code] = made["secret"]
            key, currency = kept.keys[plan.code], currencies[plan.market]
            found[plan.code] = Access(plan.code, plan.type, currency, plan.tax_mode, key)
        self._stage.safe.save()
        return found

    async def _markets(self) -> list[dict[str, Any]]:
        return await self._client.get_all("markets")

    async def _logins(self, known: Mapping[str, Place]) -> dict[str, Login]:
        """Make the accounts of the staff and sign everybody in."""
        posts = staff.posts(known)
        there = {one["email"]: one["id"] for one in await self._client.get_all("accounts")}
        new = [post for post in posts if post.email not in there]
        hired = await self._each(STAFF, new, partial(self._hire, known), SIGN_INS_AT_ONCE)
        there |= dict(zip((post.email for post in new), hired, strict=True))
        members = [
            {
                "code": post.code,
                "name": post.name,
                "roles": [post.role],
                "location_id": str(known[post.location].id) if post.location else None,
                "account_id": there[post.email],
            }
            for post in posts
        ]
        await self._client.send("staff-members", {"members": members})
        signed_in = await self._each(STAFF, posts, self._sign_in, SIGN_INS_AT_ONCE)
        self._stage.safe.save()
        return {login.code: login for login in signed_in}

    async def _hire(self, known: Mapping[str, Place], post: staff.Post) -> str:
        body = {"email": post.email, "password": self._password, "role": post.role}
        if post.location:
            body["location_id"] = str(known[post.location].id)
        return (await self._client.send("accounts", body))["id"]

    async def _sign_in(self, post: staff.Post) -> Login:
        sessions = self._stage.safe.kept.sessions
        if not await self._lets_in(sessions.get(post.code, "")):
            body = {"email": post.email, "password": self._password}
            answer = await self._client.send("sessions", body, key=token_hex())
            sessions[post.code] = answer["token"]
        token = sessions[post.code]
        return Login(post.code, post.email, self._password, post.role, post.location, token)

    @property
    def _password(self) -> str:
        return self._stage.safe.kept.password

    async def _opening(self, planned: Sequence[Any], mark: str) -> None:
        """Book the opening stock, unless it was booked for this selection before."""
        kept = self._stage.safe.kept
        if mark in kept.founded:
            return
        await self._each(STOCK, planned, self._receive, RECEIPTS_AT_ONCE)
        kept.founded.append(mark)
        self._stage.safe.save()

    async def _receive(self, one: stock.Planned) -> None:
        await self._client.send(one.path, one.body, key=one.key)

    async def _lets_in(self, token: str) -> bool:
        if not token:
            return False
        asker = Client(self._client.connections, token)
        return (await asker.ask("me", None, method="GET")).ok

    async def _import(self, call: Call) -> None:
        await self._require_whole(call)
        self._progress.advance(RETAILER)

    async def _require_whole(self, call: Call) -> Any:
        """Import rows of which none may be refused."""
        done = await self._client.send(call.path, call.body)
        if done["refused"]:
            raise Refused(f"{call.path}: {done['refused']} refused, such as {done['problems'][:3]}")
        return done

    async def _call_each(self, calls: Sequence[Call]) -> None:
        self._more(RETAILER, len(calls))
        for call in calls:
            await self._call(call)

    async def _call(self, call: Call) -> Any:
        done = await self._client.send(call.path, call.body, method=call.method)
        self._progress.advance(RETAILER)
        return done

    async def _each(
        self,
        task: str,
        items: Sequence[Item],
        do: Callable[[Item], Awaitable[Done]],
        at_once: int,
    ) -> list[Done]:
        """Do something with every item, some at once; the results in the order of the items."""
        self._more(task, len(items))
        slots = asyncio.Semaphore(at_once)

        async def one(item: Item) -> Done:
            async with slots:
                done = await do(item)
            self._progress.advance(task)
            return done

        return await asyncio.gather(*(one(item) for item in items))

    def _more(self, task: str, steps: int) -> None:
        self._totals[task] += steps
        self._progress.begin(task, self._totals[task])


def _says(version: Mapping[str, Any], wish: Mapping[str, Any]) -> bool:
    """Whether a version of a policy decides what is wished."""
    same = version["kind"] == wish["kind"] and version["scope"]["code"] == wish["scope"]["code"]
    decided = version["value"] or {}
    return same and all(
        _plain(decided.get(name)) == _plain(value) for name, value in wish["value"].items()
    )


def _plain(value: Any) -> Any:
    return sorted(value) if isinstance(value, list) else value
