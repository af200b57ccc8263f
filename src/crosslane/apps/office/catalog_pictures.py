"""Pictures of an article: added by file or by address, said in words, put first, removed."""

from typing import Any
from uuid import UUID

from litestar import Request, Response

from crosslane import catalog
from crosslane.apps.office.catalog import WRITE
from crosslane.apps.office.frame import PAGES, view
from crosslane.apps.office.stock_article import article
from crosslane.catalog import (
    ADD_PICTURES,
    CHANGE_PICTURE,
    PICTURE_BYTES_MAX,
    REMOVE_PICTURE,
    AddPictures,
    ChangePicture,
    NewPicture,
    RemovePicture,
    UnknownSku,
    Variant,
)
from crosslane.kernel import Refusal
from crosslane.platform.database import Tx
from crosslane.platform.screens import Form, form, page, read_form, see_other, upload
from crosslane.platform.web import Caller

PICTURES = "/office/catalog/{variant_id}/pictures"


@page(PICTURES, permission=WRITE, raises=(UnknownSku,))
async def show_pictures(caller: Caller, request: Request, variant_id: UUID) -> Response:
    """Show the pictures of an article and of its product, and how to add one."""
    return await _answer(caller, request, variant_id)


async def _answer(
    caller: Caller,
    request: Request,
    variant_id: UUID,
    refusal: Refusal | None = None,
    fields: Form | None = None,
) -> Response:
    async with caller.read() as tx:
        viewer = await view(tx, caller, request)
        variant = await article(tx, variant_id, viewer.language)
        told = await _pictures(tx, variant)
    return PAGES.answer(
        viewer,
        "article_pictures.html",
        status=422 if refusal else 200,
        variant=variant,
        most_bytes=PICTURE_BYTES_MAX,
        language=viewer.language,
        refusal=refusal,
        fields=fields.plain() if fields else {},
        **told,
    )


async def _pictures(tx: Tx, variant: Variant) -> dict[str, Any]:
    product = await catalog.product(tx, variant.product)
    found = await catalog.pictures_of(tx, product)
    return {
        "pictures": [*found.get(variant.sku, []), *found.get("", [])],
        "alone": len(product.variants) == 1,
    }


@upload(
    PICTURES,
    permission=WRITE,
    command=ADD_PICTURES,
    bytes_max=PICTURE_BYTES_MAX,
    raises=(UnknownSku,),
)
async def add_picture(caller: Caller, request: Request, variant_id: UUID, data: Form) -> Response:
    """Add a picture by a file, or by an address a worker fetches."""
    async with caller.read() as tx:
        viewer = await view(tx, caller, request)
        variant = await article(tx, variant_id, viewer.language)
    words = PAGES.words(viewer)
    file, alt = data.file("picture"), data.text("alt")
    of_product = data.text("owner") == "product"
    try:
        new = NewPicture(
            owner="product" if of_product else "variant",
            code=variant.product if of_product else variant.sku,
            content=file.content if file else b"",
            address=data.text("address"),
            alt={viewer.language: alt} if alt else {},
        )
        wish = await catalog.rendered(AddPictures((new,)))
        [added] = await caller.submit(ADD_PICTURES, wish)
    except Refusal as refusal:
        return await _answer(caller, request, variant_id, refusal, data)
    waits = added.state == "wanted"
    told = words("The picture is being fetched.") if waits else words("The picture was added.")
    return see_other(f"/office/catalog/{variant_id}/pictures", toast=told)


@form(PICTURES + "/{picture_id}", permission=WRITE, command=CHANGE_PICTURE)
async def save_picture(
    caller: Caller, request: Request, variant_id: UUID, picture_id: UUID, data: bytes
) -> Response:
    """Say anew what a picture shows, or put it first."""
    fields = read_form(data)
    alt = {name: text for name, text in fields.group("alt") if text}
    try:
        wish = ChangePicture(picture_id, alt, fields.checked("first"))
        await caller.submit(CHANGE_PICTURE, wish)
    except Refusal as refusal:
        return await _answer(caller, request, variant_id, refusal)
    return await _done(caller, request, variant_id)


@form(PICTURES + "/{picture_id}/removal", permission=WRITE, command=REMOVE_PICTURE)
async def take_picture_away(
    caller: Caller, request: Request, variant_id: UUID, picture_id: UUID, data: bytes
) -> Response:
    """Show a picture no more."""
    read_form(data)
    try:
        await caller.submit(REMOVE_PICTURE, RemovePicture(picture_id))
    except Refusal as refusal:
        return await _answer(caller, request, variant_id, refusal)
    return await _done(caller, request, variant_id)


async def _done(caller: Caller, request: Request, variant_id: UUID) -> Response:
    async with caller.read() as tx:
        viewer = await view(tx, caller, request)
    toast = PAGES.words(viewer)("Saved.")
    return see_other(f"/office/catalog/{variant_id}/pictures", toast=toast)


ROUTES = [show_pictures, add_picture, save_picture, take_picture_away]
