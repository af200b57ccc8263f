"""A customer's dialogue: a cart, two lines, an address, a way, a payment, the order; seven calls.

Baseline: a bare route of the same server that answers without asking anybody, by as many clients.
"""

import json
from collections.abc import Callable, Iterator
from itertools import count, cycle
from random import Random
from typing import Any
from uuid import UUID

from crosslane.bench.crowd import Talk, Told, gather_crowd, gather_talkers, get, post
from crosslane.bench.figures import Figure, Scale, quantile, ratio
from crosslane.bench.placing import BOOK, BUYERS, CROWD
from crosslane.bench.shop import POSTCODES, skus
from crosslane.bench.site import HOST, site

CLIENTS = 32
CALLS = 7
RATIO_LEAST = 0.25
HELLO = "/healthz"
Call = Callable[[str, dict[str, Any]], bytes]


async def dialogue(scale: Scale = BOOK) -> list[Figure]:
    """Measure calls a second of whole dialogues, against as many clients' calls of a bare route."""
    figures: list[Figure] = []
    async with site(scale) as made, made.web(processes=1) as web:
        hello = [get(HELLO, host=HOST, api_key=key) for key in made.api_keys]
        goods, api_keys, numbers = Random(5), cycle(made.api_keys), count(1)  # noqa: S311
        # Once: who makes this list for each dialogue is busier than the server that is asked.
        sold = skus(scale)

        def talk() -> Talk:
            return _dialogues(lambda: goods.sample(sold, 2), next(api_keys), numbers)

        for clients in (CLIENTS, CROWD):
            bare = await gather_crowd(web.url, hello, clients=clients, seconds=scale.seconds)
            await gather_talkers(web.url, talk, clients=clients, seconds=scale.seconds / 4)
            told = await gather_talkers(web.url, talk, clients=clients, seconds=scale.seconds)
            figures += _figures(clients, told, bare)
    return figures


def _figures(clients: int, told: Told, bare: Told) -> list[Figure]:
    mark = "" if clients == CLIENTS else f"_{clients}"
    by = f"{clients} clients"
    return [
        ratio(f"{by}: calls a second against a bare route", told.pace, bare.pace,
              key=f"dialogue_ratio{mark}", least=RATIO_LEAST),
        Figure(name=f"{by}: calls of dialogues", value=round(told.pace, 1), unit="a second",
               key=f"calls_per_s{mark}"),
        Figure(name=f"{by}: orders of dialogues", value=round(told.pace / CALLS, 1),
               unit="a second", key=f"orders_per_s{mark}"),
        Figure(name=f"{by}: bare route", value=round(bare.pace, 1), unit="a second",
               key=f"hello_per_s{mark}"),
        Figure(name=f"{by}: half of the calls within", value=_ms(told, 0.5), unit="ms",
               key=f"p50_ms{mark}"),
        Figure(name=f"{by}: 99 % of the calls within", value=_ms(told, 0.99), unit="ms",
               key=f"p99_ms{mark}"),
        Figure(name=f"{by}: refused", value=told.failures + bare.failures, unit="calls", most=0),
    ]  # fmt: skip


def _dialogues(goods: Callable[[], list[str]], api_key: str, numbers: Iterator[int]) -> Talk:
    """Talk without end as one customer after the other, each to an order of its own."""
    for number in numbers:
        calls = count(1)

        def call(
            path: str, body: dict[str, Any], calls: Iterator[int] = calls, number: int = number
        ) -> bytes:
            key = f"dialogue-{number}-{next(calls)}"
            content = json.dumps(body).encode()
            return post(f"/api/v1{path}", content, host=HOST, api_key=api_key, key=key)

        yield from _one_dialogue(call, goods(), number)


def _one_dialogue(call: Call, goods: list[str], number: int) -> Talk:
    buyer = number % BUYERS
    cart = json.loads((yield call("/carts", {"channel": "web"})))
    address = {
        "country": "GB",
        "lines": [f"{buyer + 1} High Street"],
        "city": "Oxford",
        "postcode": POSTCODES[buyer % len(POSTCODES)],
        "name": "Ada Brown",
        "email": f"buyer{buyer}@example.com",
    }
    lines = [
        {"type": "add", "line_id": _id(number, n), "sku": sku, "quantity": 1}
        for n, sku in enumerate(goods)
    ]
    tender = {"type": "tender", "tender_id": _id(number, 9), "method": "cash"}
    changes = [
        *lines,
        {"type": "address", "address": address},
        {"type": "option", "method": "ship"},
        tender,
    ]
    path = f"/carts/{cart['id']}"
    for n, change in enumerate(changes):
        edit = {"id": _id(number, 10 + n), "base_version": cart["version"], "change": change}
        cart = json.loads((yield call(f"{path}/operations", {"operations": [edit]})))
    yield call(f"{path}/order", {"version": cart["version"]})


def _id(number: int, place: int) -> str:
    return str(UUID(int=number << 16 | place))


def _ms(told: Told, share: float) -> float:
    return round(quantile(told.seconds, share) * 1000, 1)
