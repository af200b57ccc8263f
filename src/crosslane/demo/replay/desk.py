"""Who speaks to Crosslane in a replay, and a count of answers that nobody counts on."""

import re
from collections import Counter
from collections.abc import Callable, Collection
from typing import Any, TypeVar

import msgspec

from crosslane.demo.client import PAGE_ITEMS, Answer, Client, Connections, Unreachable
from crosslane.demo.world import World

SELLING_CONNECTIONS_MAX = 32
WORKING_CONNECTIONS_MAX = 8
PAGES_MAX = 400
# A wish may be refused; what else is wrong with a request is a fault of the replay.
REFUSALS = frozenset({404, 409, 422})
NO_ANSWER = Answer(0, {}, b"")

_ID = re.compile(r"/[0-9a-f-]{32,36}(?=/|$|\?)")
_QUERY = re.compile(r"\?.*")

Shown = TypeVar("Shown")


class Page(msgspec.Struct):
    """One page of a list, its items still as they came."""

    items: list[msgspec.Raw]
    next_cursor: str | None = None


class Desk:
    """Everybody's connections, and what went wrong.

    Args:
        world: whom they speak for.

    Attributes:
        unexpected: answers nobody counted on, by request, status and code.
        operator: may do everything; plays suppliers and carriers.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._selling = Connections(world.address, SELLING_CONNECTIONS_MAX)
        self._working = Connections(world.address, WORKING_CONNECTIONS_MAX)
        self._asked = 0
        self.unexpected: Counter[str] = Counter()
        self.operator = Client(self._working, world.operator_key)
        self._channels = {
            code: Client(self._selling, access.key) for code, access in world.channels.items()
        }
        self._staff = {
            code: Client(self._working, login.token) for code, login in world.logins.items()
        }

    @property
    def requests(self) -> int:
        """How many requests were sent, repeats included."""
        return self._selling.requests + self._working.requests

    @property
    def repeats(self) -> int:
        """How many of them were sent again because the first had no usable answer."""
        return max(0, self.requests - self._asked)

    def channel(self, code: str) -> Client:
        """Return who speaks for a channel."""
        return self._channels[code]

    def staff(self, code: str) -> Client:
        """Return who speaks for a member of staff."""
        return self._staff[code]

    async def close(self) -> None:
        """Close every connection."""
        await self._selling.close()
        await self._working.close()

    async def ask(
        self,
        client: Client,
        path: str,
        body: Any = None,
        *,
        key: str = "",
        method: str = "POST",
        content_type: str = "",
        expected: Collection[int | str] = REFUSALS,
    ) -> Answer:
        """Ask for something and return the answer, a refusal too; others are counted.

        Args:
            client: who asks.
            path: below ``/api/v1/``.
            body: what is sent.
            key: idempotency key; made of path and body when empty.
            method: of HTTP.
            content_type: of a body of bytes.
            expected: statuses or codes besides successes that tell something about the wish.
        """
        self._asked += 1
        try:
            answer = await client.ask(path, body, key=key, method=method, content_type=content_type)
        except Unreachable:
            answer = NO_ANSWER
        if not answer.ok and answer.status not in expected and answer.code not in expected:
            self.complain(method, path, answer)
        return answer

    async def read_list(
        self,
        client: Client,
        path: str,
        kind: type[Shown],
        *,
        until: Callable[[Shown], bool] | None = None,
        **query: object,
    ) -> list[Shown]:
        """Read a list to its end.

        Args:
            client: who asks.
            path: below ``/api/v1/``.
            kind: what its items are.
            until: says of an item that it and those after it are known; the page it is on is the
                last one read.
            query: filters.
        """
        found: list[Shown] = []
        cursor = ""
        for _ in range(PAGES_MAX):
            asked = "&".join(f"{name}={value}" for name, value in query.items())
            asked += f"&limit={PAGE_ITEMS}" + (f"&cursor={cursor}" if cursor else "")
            answer = await self.ask(client, f"{path}?{asked.lstrip('&')}", method="GET")
            if not answer.ok:
                break
            page = msgspec.json.decode(answer.content, type=Page)
            items = [msgspec.json.decode(item, type=kind) for item in page.items]
            found += items
            cursor = page.next_cursor or ""
            if not cursor or (until and any(map(until, items))):
                break
        return found

    def complain(self, method: str, path: str, answer: Answer) -> None:
        """Count an answer that nobody counted on."""
        what = _ID.sub("/…", _QUERY.sub("", path))
        self.unexpected[f"{method} {what}: {answer.status} {answer.code}".strip()] += 1
