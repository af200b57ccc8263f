"""Pictures: what may be one, which is shown, and fetching them from elsewhere."""

import asyncio
import base64
import struct
import zlib
from collections.abc import AsyncIterator
from uuid import UUID

import httpx
import pytest
from PIL import Image
from tests.edge import Client, clients, send
from tests.pictures import opened, painted
from tests.soundness import list_findings

from crosslane.catalog import EFFECTS, ROUTES
from crosslane.catalog.domain import PICTURES_PER_OWNER_MAX
from crosslane.catalog.errors import BadPicture, PictureFileTooLarge, PictureTooLarge
from crosslane.catalog.service.rendering import PICTURE_BYTES_MAX, THUMB_PIXELS_MAX, render
from crosslane.platform import outbound
from crosslane.platform.database import Database
from crosslane.platform.effects import Runner
from crosslane.platform.lane import Lanes

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'
JPEG = painted(format="JPEG")


def test_both_sizes_keep_the_shape_and_are_named_by_their_content():
    both = render(painted(2_000, 1_000))
    assert (both.shown.width, both.shown.height) == (960, 480)
    assert (both.thumb.width, both.thumb.height) == (THUMB_PIXELS_MAX, THUMB_PIXELS_MAX // 2)
    assert opened(both.shown.content).format == "WEBP"
    assert both == render(painted(2_000, 1_000))
    assert both.shown.digest != render(painted(2_000, 1_000, "blue")).shown.digest
    # A small picture is not blown up.
    assert render(painted(40, 20)).shown.width == 40


def test_a_picture_is_turned_upright_and_tells_nothing_else():
    exif = Image.Exif()
    exif[0x0112] = 6  # lies on its side
    exif[0x010E] = "where I live"
    both = render(painted(40, 20, format="JPEG", exif=exif))
    shown = opened(both.shown.content)
    assert shown.size == (20, 40)
    assert not shown.getexif()
    assert b"where I live" not in both.shown.content


@pytest.mark.parametrize(
    ("mode", "color", "form", "seen"),
    [
        ("CMYK", (0, 255, 255, 0), "JPEG", (255, 0, 0)),
        ("L", 128, "PNG", (128, 128, 128)),
        ("RGBA", (255, 0, 0, 0), "PNG", None),
        ("P", 0, "GIF", (0, 0, 0)),
        ("RGB", "red", "WEBP", (255, 0, 0)),
        ("I;16", 65_535, "PNG", (255, 255, 255)),
    ],
)
def test_colors_of_every_kind_are_shown(mode: str, color, form: str, seen):
    shown = opened(render(painted(mode=mode, color=color, format=form)).shown.content)
    if seen is None:
        assert shown.convert("RGBA").getpixel((1, 1))[3] == 0
    else:
        assert max(abs(a - b) for a, b in zip(shown.getpixel((1, 1)), seen, strict=True)) < 40


@pytest.mark.parametrize(
    "content", [b"", b"no picture", SVG, JPEG[:200], painted(format="BMP"), b"GIF89a\0\0\0\0\0\0\0"]
)
def test_what_is_no_picture_is_refused(content: bytes):
    with pytest.raises(BadPicture):
        render(content)


def huge(width: int, height: int) -> bytes:
    """Return a PNG that says how large it is, and holds next to nothing."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        told = kind + content
        return struct.pack(">I", len(content)) + told + struct.pack(">I", zlib.crc32(told))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    body = zlib.compress(b"\0" * 100)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize(("width", "height"), [(10_000, 10_000), (60_000, 60_000)])
def test_a_picture_that_would_fill_the_memory_is_not_decoded(width: int, height: int):
    with pytest.raises(PictureTooLarge):
        render(huge(width, height))


def test_a_file_beyond_the_limit_is_refused():
    with pytest.raises(PictureFileTooLarge):
        render(JPEG + b"\0" * PICTURE_BYTES_MAX)


@pytest.fixture
async def client_of(database: Database, lanes: Lanes, tenant: str) -> AsyncIterator[Client]:
    async with clients(ROUTES, database, lanes, tenant) as client:
        yield client


@pytest.fixture
async def client(client_of: Client) -> httpx.AsyncClient:
    client = client_of("catalog:read", "catalog:write")
    await send(client, "categories", {"categories": [{"code": "mugs", "name": "Mugs"}]})
    rows = [
        {"sku": sku, "product": "MUG", "category": "mugs", "title": f"Mug {sku}"}
        for sku in ("MUG-R", "MUG-B")
    ]
    await send(client, "product-imports", {"rows": rows})
    return client


def picture(owner: str, code: str, content: bytes = b"", **more) -> dict:
    return {"owner": owner, "code": code, "content": base64.b64encode(content).decode(), **more}


async def added(client: httpx.AsyncClient, *pictures: dict) -> list[dict]:
    answer = await send(client, "pictures", {"pictures": pictures})
    assert answer.status_code == 201, answer.text
    return answer.json()


async def shown(client: httpx.AsyncClient, sku: str, locale: str = "und") -> dict | None:
    return (await client.get(f"variants/{sku}", params={"locale": locale})).json()["picture"]


async def file(client: httpx.AsyncClient, address: str) -> httpx.Response:
    return await client.get(f"http://shop.example{address}")


async def sound(database: Database, tenant: str) -> None:
    async with database.transaction(tenant) as tx:
        assert await list_findings(tx) == []


async def test_a_variant_shows_its_own_picture_else_that_of_its_product(
    client: httpx.AsyncClient, client_of: Client, database: Database, tenant: str
):
    red, both = painted(color="red"), painted(color="gray")
    alt = {"de": "Eine rote Tasse", "und": "A red mug"}
    own, common = await added(
        client, picture("variant", "mug-r", red, alt=alt), picture("product", "MUG", both)
    )
    assert own["code"] == "MUG-R"
    seen = await shown(client, "MUG-R", "de-AT")
    assert seen == {
        "address": own["address"],
        "thumb": own["thumb"],
        "width": 40,
        "height": 20,
        "alt": "Eine rote Tasse",
    }
    assert (await shown(client, "MUG-R", "fr"))["alt"] == "A red mug"
    assert (await shown(client, "MUG-B"))["address"] == common["address"]
    # Whoever knows the address may look, for as long as there is a browser that remembers it.
    anybody = client_of()
    del anybody.headers["Authorization"]
    answer = await file(anybody, own["thumb"])
    assert answer.headers["content-type"] == "image/webp"
    assert "immutable" in answer.headers["cache-control"]
    assert opened(answer.content).size == (40, 20)
    elsewhere = own["thumb"].replace(tenant, "another_house")
    for nowhere in (elsewhere, own["thumb"][:-1] + "x", own["thumb"] + "/.."):
        assert (await file(anybody, nowhere)).status_code == 404
    await sound(database, tenant)


async def test_pictures_are_put_in_order_said_in_words_and_removed(
    client: httpx.AsyncClient, database: Database, tenant: str
):
    one, two = painted(color="red"), painted(color="blue")
    first, second, product = await added(
        client,
        picture("variant", "MUG-R", one),
        picture("variant", "MUG-R", two),
        picture("product", "MUG", one),
    )
    # Sent again it is the same.
    assert await added(client, picture("variant", "MUG-R", two, alt={"en": "x"})) == [second]
    change = {"alt": {"en": "Blue"}, "first": True}
    answer = await client.patch(f"pictures/{second['id']}", json=change)
    assert answer.json()["alt"] == {"en": "Blue"}
    assert (await shown(client, "MUG-R", "en"))["alt"] == "Blue"
    listed = (await client.get("products/MUG/pictures")).json()["pictures"]
    assert [one["id"] for one in listed["MUG-R"]] == [second["id"], first["id"]]
    assert [one["id"] for one in listed[""]] == [product["id"]]
    # A file stays as long as another picture is shown from it.
    assert (await client.delete(f"pictures/{first['id']}")).status_code == 204
    assert (await file(client, first["address"])).status_code == 200
    assert (await client.delete(f"pictures/{product['id']}")).status_code == 204
    assert (await file(client, first["address"])).status_code == 404
    assert (await client.delete(f"pictures/{product['id']}")).status_code == 404
    await sound(database, tenant)


@pytest.mark.parametrize(
    ("wish", "code", "pointer"),
    [
        (picture("variant", "CUP", JPEG), "unknown-sku", "/pictures/0/code"),
        (picture("product", "CUP", JPEG), "unknown-product", "/pictures/0/code"),
        (picture("variant", "MUG-R", SVG), "bad-picture", "/pictures/0/content"),
        (picture("variant", "MUG-R"), "picture-without-content", "/pictures/0/content"),
        (
            picture("variant", "MUG-R", JPEG, address="https://a.example/x"),
            "picture-without-content",
            "/pictures/0/content",
        ),
        *[
            (picture("variant", "MUG-R", address=address), code, "/pictures/0/address")
            for address, code in [
                ("ftp://a.example/x", "bad-picture-address"),
                ("https://", "bad-picture-address"),
                ("https://a:b@a.example/x", "bad-picture-address"),
                ("https://a.example:99999/x", "bad-picture-address"),
                ("https://a.example/x y", "bad-picture-address"),
                ("http://169.254.169.254/latest", "private-target"),
                ("http://localhost/x", "private-target"),
            ]
        ],
    ],
)
async def test_what_cannot_be_shown_is_refused_by_name(
    client: httpx.AsyncClient, wish: dict, code: str, pointer: str
):
    outbound.allow([])
    try:
        answer = await send(client, "pictures", {"pictures": [wish]})
    finally:
        outbound.allow(["127.0.0.1"])
    assert (answer.json()["code"], answer.json()["pointer"]) == (code, pointer), answer.text


async def test_an_article_has_only_so_many_pictures(client: httpx.AsyncClient):
    many = [
        picture("variant", "MUG-R", painted(color=(n, 9 * n, 0)))
        for n in range(PICTURES_PER_OWNER_MAX + 1)
    ]
    await added(client, *many[:-1])
    answer = await send(client, "pictures", {"pictures": many[-1:]})
    assert answer.json()["code"] == "too-many-pictures"


class Album:
    """A host of pictures elsewhere."""

    def __init__(self) -> None:
        self.answers: dict[str, tuple[int, bytes]] = {}
        self.address = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        status, body = self.answers[head.split()[1]]
        told = f"HTTP/1.1 {status} x\r\nconnection: close\r\ncontent-length: {len(body)}\r\n\r\n"
        writer.write(told.encode() + body)
        await writer.drain()
        writer.close()


@pytest.fixture
async def album() -> AsyncIterator[Album]:
    album = Album()
    outbound.allow(["127.0.0.1"])
    server = await asyncio.start_server(album.serve, "127.0.0.1", 0)
    album.address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    yield album
    server.close()


async def test_pictures_elsewhere_are_fetched_or_refused_with_a_reason(
    client: httpx.AsyncClient, database: Database, tenant: str, album: Album
):
    album.answers = {
        "/red.jpg?v=1": (200, JPEG),
        "/page": (200, b"<html>"),
        "/gone": (404, b""),
        "/moved": (302, b""),
        "/busy": (503, b""),
    }
    codes = ["/red.jpg?v=1", "/page", "/gone", "/moved", "/busy"]
    wanted = await added(
        client, *(picture("variant", "MUG-R", address=album.address + path) for path in codes)
    )
    assert {one["state"] for one in wanted} == {"wanted"}
    assert await shown(client, "MUG-R") is None
    runner = Runner(database, EFFECTS)
    await runner.start_due(tenant)
    await runner.drain()
    seen = await shown(client, "MUG-R")
    assert opened((await file(client, seen["thumb"])).content).size == (40, 20)
    refused = (await client.get("pictures", params={"state": "refused"})).json()["items"]
    assert [one["reason"] for one in refused] == [
        "This is no picture that can be shown: JPEG, PNG, WebP or GIF.",
        "answered with status 404",
        "answered with status 302",
    ]
    [waiting] = (await client.get("pictures", params={"state": "wanted"})).json()["items"]
    assert waiting["source"].endswith("/busy")
    # One that is not wanted any more when it comes is not shown.
    album.answers["/busy"] = (200, painted(color="blue"))
    assert (await client.delete(f"pictures/{waiting['id']}")).status_code == 204
    async with database.transaction(tenant) as tx:
        await tx.execute("update platform_effect set due_at = now() where state = 'due'")
    await runner.start_due(tenant)
    await runner.drain()
    listed = (await client.get("products/MUG/pictures")).json()["pictures"]["MUG-R"]
    assert UUID(waiting["id"]) not in {UUID(one["id"]) for one in listed}
    await sound(database, tenant)
