"""Pictures: added by file or by address, fetched as an effect, said in words, put first, removed.

A file is read before its command is decided, outside any transaction (:func:`rendered`), because
decoding takes a processor's time. What lies at an address is fetched by a worker.
"""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Annotated
from urllib.parse import urlsplit
from uuid import UUID

import msgspec

from crosslane.catalog.domain import (
    PICTURES_PER_OWNER_MAX,
    Picture,
    PictureOwner,
    PictureState,
    Rendered,
    checked_alt,
)
from crosslane.catalog.errors import (
    BadPicture,
    BadPictureAddress,
    NoSuchPicture,
    PictureTooLarge,
    PictureWithoutContent,
    TooManyPictures,
    UnknownProduct,
    UnknownSku,
)
from crosslane.catalog.service.importing import announce
from crosslane.catalog.service.reading import PRODUCTS_TOPIC, VARIANTS_PER_PRODUCT_MAX, Product
from crosslane.catalog.service.rendering import PICTURE_BYTES_MAX, render
from crosslane.catalog.storage import importing as importing_rows
from crosslane.catalog.storage import pictures as storage
from crosslane.catalog.storage import products as product_rows
from crosslane.catalog.storage.pictures import Owned, PictureRow, Standing
from crosslane.kernel import new_id
from crosslane.platform import audit, effects, facts, outbound
from crosslane.platform.database import Tx
from crosslane.platform.effects import Effect, EffectCall, EffectKind

PICTURES_PER_CALL_MAX = 50
ADDRESS_CHARACTERS_MAX = 2_000
FETCH_KIND = "catalog.fetch_picture"
FETCH_SECONDS_MAX = 15.0
# Each holds a decoded picture in memory, some 160 MB at most.
RENDERED_AT_ONCE_MAX = 2
REASON_CHARACTERS_MAX = 200
NEVER_MADE = UUID(int=0)


class NewPicture(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A picture to be shown, and of what.

    Args:
        owner: product or variant.
        code: product code or SKU.
        content: the file (base64 in JSON): JPEG, PNG, WebP or GIF.
        address: in place of the file, where it is to be fetched from.
        alt: what it shows, in words, by locale (``und`` for every language).
    """

    owner: PictureOwner
    code: str
    content: bytes = b""
    address: str = ""
    alt: dict[str, str] = {}


class AddPictures(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Add pictures, all or none, each behind those its owner has."""

    pictures: Annotated[
        tuple[NewPicture, ...], msgspec.Meta(min_length=1, max_length=PICTURES_PER_CALL_MAX)
    ]


class AddRendered(msgspec.Struct, frozen=True):
    """What is asked of :func:`add_pictures`: the wish, and what its files came to.

    Args:
        wish: what was asked for, its files left out.
        rendered: of each picture, None where it is to be fetched.
    """

    wish: AddPictures
    rendered: tuple[Rendered | None, ...]


class ChangePicture(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Say anew what a picture shows, or put it before the others of its owner.

    Args:
        id: which picture.
        alt: in words, by locale; None to leave them.
        first: put it first.
    """

    id: UUID
    alt: dict[str, str] | None = None
    first: bool = False


class RemovePicture(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Show a picture no more."""

    id: UUID


class Fetch(msgspec.Struct, frozen=True):
    """What the effect needs: which picture is wanted, and where it is."""

    picture_id: UUID
    address: str


_readers = ThreadPoolExecutor(RENDERED_AT_ONCE_MAX, "pictures")


async def rendered(wish: AddPictures) -> AddRendered:
    """Read the files of a wish, outside any transaction.

    Raises:
        PictureWithoutContent: a picture has neither file nor address, or both.
        BadPicture, PictureFileTooLarge, PictureTooLarge: a file cannot be shown.
        BadPictureAddress, PrivateTarget: an address cannot be fetched from.
    """
    found: list[Rendered | None] = []
    for place, new in enumerate(wish.pictures):
        at = f"/pictures/{place}"
        if bool(new.content) == bool(new.address):
            raise PictureWithoutContent(pointer=f"{at}/content")
        if new.address:
            _require_address(new.address, pointer=f"{at}/address")
            found.append(None)
        else:
            found.append(await _rendered(new.content, f"{at}/content"))
    bare = tuple(msgspec.structs.replace(new, content=b"") for new in wish.pictures)
    return AddRendered(AddPictures(bare), tuple(found))


def _require_address(address: str, *, pointer: str = "") -> str:
    """Return an address a picture may be fetched from.

    Raises:
        BadPictureAddress: it is none of the web, is too long, or tells a password.
        PrivateTarget: it lies inside this network.
    """
    try:
        told = urlsplit(address)
        fit = told.scheme in ("http", "https") and told.hostname and told.port != 0
        fit = fit and "@" not in told.netloc and address.isascii() and address.isprintable()
    except ValueError:
        fit = False
    if not fit or " " in address or len(address) > ADDRESS_CHARACTERS_MAX:
        raise BadPictureAddress(pointer=pointer, most=ADDRESS_CHARACTERS_MAX)
    outbound.require_public(address, pointer=pointer)
    return address


def _split(address: str) -> tuple[str, str]:
    """Return host and path of an address, as a call takes them."""
    told = urlsplit(address)
    path = (told.path or "/") + (f"?{told.query}" if told.query else "")
    return f"{told.scheme}://{told.netloc}", path


async def _rendered(content: bytes, pointer: str = "") -> Rendered:
    read = partial(render, content, pointer=pointer)
    return await asyncio.get_running_loop().run_in_executor(_readers, read)


async def add_pictures(tx: Tx, given: AddRendered) -> list[Picture]:
    """Add pictures behind those their owners have; the answer is in the order asked for.

    A picture its owner has already is not added again: it is the one of the answer.

    Raises:
        UnknownProduct, UnknownSku: there is no such owner.
        BadLocale, TextTooLong: words cannot be kept.
        TooManyPictures: an owner would have more than PICTURES_PER_OWNER_MAX.
    """
    await importing_rows.lock_catalog(tx)
    owners = await _owners(tx, given.wish.pictures)
    standing = await storage.list_standing(tx, sorted(set(owners)))
    rows: list[PictureRow] = []
    answer: list[UUID] = []
    for place, (new, both) in enumerate(zip(given.wish.pictures, given.rendered, strict=True)):
        beside = standing[owners[place]]
        row = _row(new, owners[place], both, f"/pictures/{place}")
        known = next((one.id for one in beside if _same(one, row)), None)
        if known is None:
            if len(beside) >= PICTURES_PER_OWNER_MAX:
                at, most = f"/pictures/{place}/code", PICTURES_PER_OWNER_MAX
                raise TooManyPictures(pointer=at, code=new.code, most=most)
            row = msgspec.structs.replace(row, place=beside[-1].place + 1 if beside else 0)
            beside.append(Standing(row.id, row.owner_id, row.place, row.source, row.shown))
            rows.append(row)
        answer.append(known or row.id)
    files = [file for both in given.rendered if both for file in (both.shown, both.thumb)]
    await storage.insert_files(tx, files)
    await storage.insert_pictures(tx, rows)
    await effects.request(tx, [_fetch(row) for row in rows if row.shown is None])
    found = await storage.pictures_by_id(tx, answer)
    await _tell(tx, [found[row.id] for row in rows if row.shown is not None])
    added = [
        audit.Change(action="catalog.add_picture", subject=_subject(found[row.id].picture))
        for row in rows
    ]
    await audit.record(tx, added)
    return [found[one].picture for one in answer]


async def change_picture(tx: Tx, wish: ChangePicture) -> Picture:
    """Say anew what a picture shows, or put it first.

    Raises:
        NoSuchPicture: there is none.
        BadLocale, TextTooLong: words cannot be kept.
    """
    await importing_rows.lock_catalog(tx)
    before = await _owned(tx, wish.id)
    if wish.alt is not None:
        await storage.change_alt(tx, wish.id, checked_alt(wish.alt, pointer="/alt"))
    if wish.first:
        await storage.put_first(tx, wish.id)
    after = await _owned(tx, wish.id)
    await _tell(tx, [before])
    told = {"alt": dict(before.picture.alt), "place": before.picture.place}
    now = {"alt": dict(after.picture.alt), "place": after.picture.place}
    change = audit.Change(
        action="catalog.change_picture", subject=_subject(after.picture), before=told, after=now
    )
    await audit.record(tx, [change])
    return after.picture


async def remove_picture(tx: Tx, wish: RemovePicture) -> None:
    """Show a picture no more; its files go with the last picture that is shown from them.

    Raises:
        NoSuchPicture: there is none.
    """
    await importing_rows.lock_catalog(tx)
    gone = await _owned(tx, wish.id)
    await storage.delete_pictures(tx, [wish.id])
    await _tell(tx, [gone])
    change = audit.Change(
        action="catalog.remove_picture", subject=_subject(gone.picture), before=gone.picture
    )
    await audit.record(tx, [change])


async def pictures_of(tx: Tx, product: Product) -> dict[str, list[Picture]]:
    """Return the pictures of a product's variants under their SKUs, of itself under ``""``."""
    ids = [product.id, *(variant.id for variant in product.variants)]
    limit = (VARIANTS_PER_PRODUCT_MAX + 1) * PICTURES_PER_OWNER_MAX
    found: dict[str, list[Picture]] = {}
    for picture in await storage.list_of_owners(tx, ids, limit):
        name = picture.code if picture.owner == "variant" else ""
        found.setdefault(name, []).append(picture)
    return found


async def list_pictures(
    tx: Tx, state: PictureState, *, after: UUID = NEVER_MADE, limit: int
) -> list[Picture]:
    """Return pictures that are wanted or refused, in the order they were asked for."""
    return await storage.list_by_state(tx, state, after, limit)


async def picture_file(tx: Tx, digest: str) -> bytes:
    """Return a file of a picture, as WebP.

    Raises:
        NoSuchPicture: there is none of this name.
    """
    content = await storage.find_file(tx, digest)
    if content is None:
        raise NoSuchPicture(id=digest[:40])
    return content


async def _owners(tx: Tx, pictures: Sequence[NewPicture]) -> list[UUID]:
    keys = {
        kind: sorted({new.code.lower() for new in pictures if new.owner == kind})
        for kind in ("product", "variant")
    }
    products = await product_rows.list_product_ids(tx, keys["product"])
    variants = await importing_rows.list_known_variants(tx, keys["variant"])
    found: list[UUID] = []
    for place, new in enumerate(pictures):
        at, key = f"/pictures/{place}/code", new.code.lower()
        if new.owner == "product":
            if key not in products:
                raise UnknownProduct(pointer=at, code=new.code[:64])
            found.append(products[key])
        else:
            if key not in variants:
                raise UnknownSku(pointer=at, sku=new.code[:64])
            found.append(variants[key].id)
    return found


def _row(new: NewPicture, owner_id: UUID, both: Rendered | None, pointer: str) -> PictureRow:
    return PictureRow(
        id=new_id(),
        owner_id=owner_id,
        owner_kind=new.owner,
        place=0,
        source=new.address,
        alt=checked_alt(new.alt, pointer=f"{pointer}/alt"),
        shown=both.shown.digest if both else None,
        thumb=both.thumb.digest if both else None,
        width=both.shown.width if both else 0,
        height=both.shown.height if both else 0,
    )


def _same(one: Standing, row: PictureRow) -> bool:
    """Tell whether an owner has a picture already: of the same look, or from the same address."""
    if row.shown is not None:
        return one.shown == row.shown
    return one.source == row.source


def _fetch(row: PictureRow) -> Effect:
    return Effect(key=f"{FETCH_KIND}:{row.id}", kind=FETCH_KIND, body=Fetch(row.id, row.source))


async def _owned(tx: Tx, picture_id: UUID) -> Owned:
    found = (await storage.pictures_by_id(tx, [picture_id])).get(picture_id)
    if found is None:
        raise NoSuchPicture(id=str(picture_id))
    return found


async def _tell(tx: Tx, looking: Sequence[Owned]) -> None:
    """Tell everybody who shows them that the owners of pictures look different now."""
    by_product: dict[UUID, list[UUID]] = {}
    for one in looking:
        variants = [one.owner_id] if one.picture.owner == "variant" else []
        by_product.setdefault(one.product_id, []).extend(variants)
    if by_product:
        await importing_rows.touch_products(tx, sorted(by_product))
        await facts.touch(tx, PRODUCTS_TOPIC)
        await announce(tx, by_product)


def _subject(picture: Picture) -> str:
    return f"{picture.owner}:{picture.code}"


async def fetch(call: EffectCall[Fetch], prepared: Fetch) -> Rendered:
    """Fetch a picture and read it; done anew it does no harm."""
    host, path = _split(prepared.address)
    try:
        reply = await outbound.call(
            host,
            "GET",
            path,
            headers={"Accept": "image/webp,image/jpeg,image/png,image/gif"},
            answer_bytes_max=PICTURE_BYTES_MAX,
        )
    except outbound.NoReply as unknown:
        raise effects.Retry(str(unknown), unknown.after_seconds) from unknown
    if reply.status >= 500 or reply.status == 429:
        raise effects.Retry(f"answered with status {reply.status}")
    if reply.status != 200:
        raise effects.Dead(f"answered with status {reply.status}")
    try:
        return await _rendered(reply.body)
    except (BadPicture, PictureTooLarge) as refused:
        raise effects.Dead(refused.message) from refused


async def record_fetched(
    tx: Tx, calls: Sequence[EffectCall[Fetch]], results: Sequence[Rendered]
) -> None:
    """Keep what was fetched and show it, where it is still wanted."""
    await importing_rows.lock_catalog(tx)
    wanted = await storage.pictures_by_id(tx, [call.body.picture_id for call in calls])
    still = {
        call.body.picture_id: both
        for call, both in zip(calls, results, strict=True)
        if (known := wanted.get(call.body.picture_id)) and known.picture.state != "stored"
    }
    await storage.insert_files(tx, [f for both in still.values() for f in (both.shown, both.thumb)])
    await storage.store_fetched(tx, still)
    await _tell(tx, [wanted[one] for one in still])


async def record_refused(
    tx: Tx, calls: Sequence[EffectCall[Fetch]], reasons: Sequence[str]
) -> None:
    """Tell why pictures could not be had; a replay of the call asks for them again."""
    told = [reason[:REASON_CHARACTERS_MAX] for reason in reasons]
    await storage.refuse_wanted(tx, [call.body.picture_id for call in calls], told)


FETCH = EffectKind(
    FETCH_KIND,
    Fetch,
    call=fetch,
    record=record_fetched,
    dead=record_refused,
    timeout_seconds=FETCH_SECONDS_MAX,
)
