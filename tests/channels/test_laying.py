"""Files are laid into a channel's folder by a request: whole or not at all, and taken once."""

import json
import os
import time
import tracemalloc
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from crosslane.channels.service import exchanging, pieces
from crosslane.channels.service.folder import LAYING_SECONDS_MAX, Laying, use_root
from crosslane.channels.service.laying import LAID_BYTES_MAX
from crosslane.locations import network as locations_of
from crosslane.platform.database import Database
from tests.api import Api
from tests.channels.bazaar import order
from tests.channels.talking import allowed, open_talking
from tests.channels.test_exchange import Exchanging

network = pytest.fixture(allowed)
FILES = "/api/v1/channels/bazaar/files"
OCTETS = {"Content-Type": "application/octet-stream"}
MEMORY_MAX = 16 << 20
LARGE_BLOCKS = 64


def lines(*messages: dict[str, Any]) -> bytes:
    return "".join(json.dumps(one) + "\n" for one in messages).encode()


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(exchanging, "SETTLED_SECONDS", 0.0)
    use_root(tmp_path)
    yield tmp_path
    use_root(None)


@pytest.fixture
async def talking(network, root: Path, database: Database, api: Api) -> Exchanging:
    await open_talking(database, api.tenant)
    opened = Exchanging(database, api.tenant)
    opened.root = root
    await opened.connect(delivery="folder")
    await opened.settle()
    return opened


async def lay(client: httpx.AsyncClient, name: str, content: Any, key: str = "") -> httpx.Response:
    headers = OCTETS | ({"Idempotency-Key": key} if key else {})
    return await client.post(FILES, params={"file_name": name}, content=content, headers=headers)


async def test_a_file_that_is_laid_is_taken_as_any_of_the_folder(
    talking: Exchanging, api: Api, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(pieces, "PIECE_BYTES_MAX", 500)
    key = await api.key(["channels:submit", "channels:read"])
    said = lines(*(order(f"B-{number}") for number in range(7)))
    answer = await lay(key, "day.jsonl", said)
    assert answer.status_code == 202, answer.text
    laid = answer.json()
    assert (laid["channel"], laid["file_name"], laid["bytes"]) == ("bazaar", "day.jsonl", len(said))
    assert talking.names("in") == ["day.jsonl"]
    # Sent again while it waits, it is the same; another one would take its place.
    assert (await lay(key, "day.jsonl", said)).status_code == 202
    other = await lay(key, "day.jsonl", lines(order("B-9")))
    assert (other.status_code, other.json()["code"]) == (409, "file-waits")
    assert talking.at("in", "day.jsonl").read_bytes() == said
    assert talking.names("in") == ["day.jsonl"]

    await talking.look()
    assert sorted(one.source_id for one in await talking.messages()) == [
        f"B-{number}" for number in range(7)
    ]
    batches = (await key.get("/api/v1/channel-batches?channel=bazaar")).json()["items"]
    assert len(batches) > 2
    assert {one["file_name"] for one in batches} == {"day.jsonl"}
    # Sent once more after that, it is known by its content.
    assert (await lay(key, "day.jsonl", said)).status_code == 202
    await talking.look()
    assert (len(await talking.messages()), talking.names("in")) == (7, [])
    await talking.assert_sound()


async def test_a_key_is_good_for_one_file(talking: Exchanging, api: Api):
    first = await lay(api.admin, "a.jsonl", lines(order("B-1")), key="k")
    again = await lay(api.admin, "a.jsonl", lines(order("B-1")), key="k")
    assert (again.status_code, again.json()) == (202, first.json())
    assert again.headers["idempotency-replayed"] == "true"
    await talking.look()
    other = await lay(api.admin, "a.jsonl", lines(order("B-2")), key="k")
    assert (other.status_code, other.json()["code"]) == (422, "key-reused")
    assert talking.names("in") == []
    audit = (await api.admin.get("/api/v1/audit-entries?subject=channel:bazaar")).json()["items"]
    (laid,) = [one for one in audit if one["action"] == "channels.lay_file"]
    assert laid["after"] == first.json()


async def test_what_cannot_be_laid_is_refused_and_nothing_stays(talking: Exchanging, api: Api):
    some = lines(order("B-1"))
    for name in ("../a.jsonl", ".a.jsonl", "a.jsonl.part", "a/b", "größe.csv"):
        answer = await lay(api.admin, name, some)
        assert (answer.status_code, answer.json()["code"]) == (422, "file-name-unsafe"), name
    empty = await lay(api.admin, "a.jsonl", b"")
    assert (empty.status_code, empty.json()["code"]) == (422, "nothing-sent")
    for code, status, refusal in (("till", 409, "no-folder"), ("gone", 404, "unknown-channel")):
        url = f"/api/v1/channels/{code}/files?file_name=a.jsonl"
        answer = await api.admin.post(url, content=some, headers=OCTETS)
        assert (answer.status_code, answer.json()["code"]) == (status, refusal)
    async with talking.database.transaction(talking.tenant, read_only=True) as tx:
        (place, *_) = (await locations_of(tx)).by_code.values()
    bound = await api.key(["channels:submit"], location_id=place.id)
    assert (await lay(bound, "a.jsonl", some)).status_code == 403
    large = {**OCTETS, "Content-Length": str(LAID_BYTES_MAX + 1)}
    answer = await api.admin.post(f"{FILES}?file_name=a.jsonl", content=some, headers=large)
    assert (answer.status_code, "send it in parts" in answer.text) == (413, True)
    assert talking.names("in") == []
    use_root(None)
    nowhere = await lay(api.admin, "a.jsonl", some)
    assert (nowhere.status_code, nowhere.json()["code"]) == (422, "no-exchange")


async def test_a_body_that_is_cut_off_leaves_nothing(talking: Exchanging, api: Api, app: Any):
    arriving = [
        {"type": "http.request", "body": lines(order("B-1")), "more_body": True},
        {"type": "http.disconnect"},
    ]
    answered: list[Any] = []

    async def receive() -> Any:
        return arriving.pop(0)

    async def send(message: Any) -> None:
        answered.append(message)

    said = {
        "host": api.host,
        "authorization": api.admin.headers["Authorization"],
        "content-type": "application/octet-stream",
        "idempotency-key": "cut",
    }
    scope = {
        "type": "http",
        "method": "POST",
        "path": FILES,
        "query_string": b"file_name=a.jsonl",
        "headers": [(name.encode(), value.encode()) for name, value in said.items()],
        "client": ("10.0.0.1", 1),
    }
    await app.asgi_handler(scope, receive, send)
    assert answered[0]["status"] == 400
    assert talking.names("in") == []
    await talking.look()
    assert await talking.messages() == []


async def test_a_disk_that_is_full_is_told_of(
    talking: Exchanging, api: Api, monkeypatch: pytest.MonkeyPatch
):
    def full(self: Laying, _: str) -> bool:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(Laying, "name", full)
        answer = await lay(api.admin, "a.jsonl", lines(order("B-1")), key="k")
    assert (answer.status_code, answer.json()["code"]) == (503, "folder-unusable")
    assert "No space left" in answer.json()["detail"]
    assert talking.names("in") == []
    assert (await lay(api.admin, "a.jsonl", lines(order("B-1")), key="k")).status_code == 202
    assert talking.names("in") == ["a.jsonl"]


async def test_what_a_process_that_died_has_left_is_removed(talking: Exchanging):
    """It may have died before its file had its name, or right after."""
    named = talking.put("a.jsonl", order("B-1"))
    left = [talking.at("in", f".laid-{number}.part") for number in range(3)]
    os.link(named, left[0])
    for one in left[1:]:
        one.write_bytes(b"half")
    long_ago = time.time() - 2 * LAYING_SECONDS_MAX
    for one in left[:2]:
        os.utime(one, (long_ago, long_ago))
    await talking.look()
    # The last one may still be written to.
    assert talking.names("in") == [left[2].name]
    assert [one.source_id for one in await talking.messages()] == ["B-1"]


async def test_a_large_file_is_laid_in_little_memory(talking: Exchanging, api: Api):
    block = b"x" * (1 << 20)

    async def flood() -> AsyncIterator[bytes]:
        for _ in range(LARGE_BLOCKS):
            yield block

    await lay(api.admin, "warm.jsonl", lines(order("B-1")))
    tracemalloc.start()
    try:
        answer = await lay(api.admin, "large.jsonl", flood())
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert answer.status_code == 202, answer.text
    assert talking.at("in", "large.jsonl").stat().st_size == LARGE_BLOCKS << 20
    assert peak < MEMORY_MAX
