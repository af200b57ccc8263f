"""Pictures over HTTP: added and changed by programs, shown to whoever knows their address."""

from typing import Literal
from uuid import UUID

import msgspec
from litestar import Response

from crosslane.catalog import errors, service
from crosslane.catalog.domain import Picture
from crosslane.catalog.rest.products import READ, WRITE
from crosslane.catalog.service import (
    PICTURE_BYTES_MAX,
    AddPictures,
    ChangePicture,
    NewPicture,
    RemovePicture,
    commands,
)
from crosslane.kernel import Page
from crosslane.organization import BadLocale
from crosslane.platform.outbound import PrivateTarget
from crosslane.platform.web import (
    PUBLIC,
    Caller,
    Paging,
    TenantName,
    delete,
    get,
    patch,
    post,
)

# Base64 makes three bytes four.
ADDED_BYTES_MAX = 2 * PICTURE_BYTES_MAX
YEAR_SECONDS = 365 * 86_400
WEBP = "image/webp"


class ChangedPicture(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What shall be different about a picture.

    Args:
        alt: what it shows, in words, by locale; null to leave them.
        first: put it before the others of its owner.
    """

    alt: dict[str, str] | None = None
    first: bool = False


class ProductPictures(msgspec.Struct, frozen=True):
    """Pictures of a product's variants under their SKUs, of itself under an empty name."""

    pictures: dict[str, list[Picture]]


@get("/api/v1/products/{code}/pictures", permission=READ, raises=(errors.UnknownProduct,))
async def show_product_pictures(caller: Caller, code: str) -> ProductPictures:
    """Show the pictures of a product and of its variants, in order."""
    async with caller.read() as tx:
        found = await service.product(tx, code)
        return ProductPictures(await service.pictures_of(tx, found))


@get("/api/v1/pictures", permission=READ)
async def list_pictures(
    caller: Caller, paging: Paging, state: Literal["wanted", "refused"] = "refused"
) -> Page[Picture]:
    """List pictures that are still to be fetched, or could not be, with the reason."""
    (after,) = paging.after(UUID) or (UUID(int=0),)
    async with caller.read() as tx:
        found = await service.list_pictures(tx, state, after=after, limit=paging.limit + 1)
    return paging.page(found, key=lambda picture: (picture.id,))


@post(
    "/api/v1/pictures",
    permission=WRITE,
    command=commands.ADD_PICTURES,
    raises=(
        errors.UnknownProduct,
        errors.UnknownSku,
        errors.PictureWithoutContent,
        errors.BadPicture,
        errors.PictureFileTooLarge,
        errors.PictureTooLarge,
        errors.BadPictureAddress,
        errors.TooManyPictures,
        errors.TextTooLong,
        PrivateTarget,
        BadLocale,
    ),
    body_bytes_max=ADDED_BYTES_MAX,
    example=AddPictures(
        (
            NewPicture(
                "variant",
                "84029E",
                address="https://pictures.example.com/84029E.jpg",
                alt={"en": "A red hot water bottle", "de": "Eine rote Wärmflasche"},
            ),
        )
    ),
)
async def add_pictures(caller: Caller, data: AddPictures) -> list[Picture]:
    """Add pictures of products and variants, all or none, each by file or by address.

    A file is shown at once. An address is fetched by a worker: until then the picture is
    ``wanted``, and ``refused`` with a reason when it cannot be had. A picture its owner has already
    is not added again.
    """
    return await caller.submit(commands.ADD_PICTURES, await service.rendered(data))


@patch(
    "/api/v1/pictures/{picture_id}",
    permission=WRITE,
    command=commands.CHANGE_PICTURE,
    raises=(errors.NoSuchPicture, errors.TextTooLong, BadLocale),
    example=ChangedPicture(alt={"en": "A red hot water bottle"}, first=True),
)
async def change_picture(caller: Caller, picture_id: UUID, data: ChangedPicture) -> Picture:
    """Say anew what a picture shows, or put it first."""
    wish = ChangePicture(picture_id, data.alt, data.first)
    return await caller.submit(commands.CHANGE_PICTURE, wish)


@delete(
    "/api/v1/pictures/{picture_id}",
    permission=WRITE,
    command=commands.REMOVE_PICTURE,
    raises=(errors.NoSuchPicture,),
)
async def remove_picture(caller: Caller, picture_id: UUID) -> None:
    """Show a picture no more."""
    await caller.submit(commands.REMOVE_PICTURE, RemovePicture(picture_id))


@get(
    "/pictures/{tenant}/{digest}",
    permission=PUBLIC,
    produces=WEBP,
    listed=False,
    optional=True,
)
async def show_picture(caller: Caller, tenant: TenantName, digest: str) -> Response:
    """Send a picture to whoever knows its address, which changes with its content."""
    del tenant  # The gate has found it by this name.
    async with caller.read() as tx:
        content = await service.picture_file(tx, digest)
    headers = {
        "Cache-Control": f"public, max-age={YEAR_SECONDS}, immutable",
        # Shops on other hosts show them too.
        "Cross-Origin-Resource-Policy": "cross-origin",
    }
    return Response(content, media_type=WEBP, headers=headers)


ROUTES = [
    show_product_pictures,
    list_pictures,
    add_pictures,
    change_picture,
    remove_picture,
    show_picture,
]
