'''The HTTP edge: how modules declare routes, and everything that happens around them.

A module's ``rest.py`` declares routes and nothing else. This is a whole one::

    """Products over HTTP."""

    from crosslane.catalog import service
    from crosslane.catalog.errors import NoSuchProduct, SkuTaken
    from crosslane.catalog.service import IMPORT, RENAME   # CommandKinds
    from crosslane.kernel import Page
    from crosslane.platform.web import Answer, Caller, Paging, Version, get, patch, post

    @get("/api/v1/products", permission="catalog:read")
    async def list_products(caller: Caller, paging: Paging, category: str = "") -> Page[Product]:
        """List products by SKU."""
        after = paging.after(str)                    # sort key of the last row shown, or None
        async with caller.read() as tx:
            found = await service.list_products(
                tx, category=category, after=after, limit=paging.limit + 1
            )
        return paging.page(found, key=lambda product: (product.sku,))

    @get("/api/v1/products/{sku}", permission="catalog:read", raises=(NoSuchProduct,))
    async def show_product(caller: Caller, sku: str) -> Answer[Product]:
        """Show one product."""
        async with caller.read() as tx:
            product = await service.product(tx, sku=sku)
        return Answer(body=product, version=product.version)      # sent as ETag

    @post(
        "/api/v1/product-imports",
        permission="catalog:write",
        command=IMPORT,
        raises=(SkuTaken,),
        body_bytes_max=16 << 20,
        example=ImportProducts(products=[...]),
    )
    async def import_products(caller: Caller, data: ImportProducts) -> ImportResult:
        """Import products in bulk.

        Rows that cannot be taken are told one by one; the others are imported.
        """
        return await caller.submit(IMPORT, data)

    @patch("/api/v1/products/{sku}", permission="catalog:write", command=RENAME)
    async def rename_product(
        caller: Caller, sku: str, version: Version, data: NewTitle
    ) -> Product:
        """Rename a product; If-Match names the version that is meant."""
        return await caller.submit(RENAME, Rename(sku=sku, title=data.title, version=version))

    ROUTES = [list_products, show_product, import_products, rename_product]

Handlers' parameters, by name or type: ``caller`` (who asks), ``data`` (the body, a msgspec struct;
``bytes`` to have it as it was sent, with ``consumes="text/csv"``, and ``also_consumes`` for other
media types, or for a signature; :class:`Arriving` to read it part by part while it arrives, as it
may be larger than memory: then it is no part of what an Idempotency-Key is kept for), names in the
path, ``Paging``, ``Version`` (from If-Match; give it a default of None to make it optional),
``request`` (Litestar's, rarely needed); every other parameter is a query parameter of its own type,
required when it has no default, repeatable when it is a list. A handler returns a value, None
(204), an :class:`Answer` (status, version, location), or a :class:`Document` (a file). The first
docstring line is the summary, the rest the description.

Rules: reads go through ``caller.read()``, changes through ``caller.submit`` of the declared
command, which ``caller.preview`` tries and undoes; there is no other way. Refusals are raised; each
becomes a problem+json with the status of its kind (not_found 404, conflict 409, gone 410, stale
412, invalid 422, forbidden 403, unavailable 503).
For a version that is out of date raise :class:`crosslane.kernel.Stale`.

The edge does before a handler runs: trace, address sanity, number and time limits, tenant (by host
name, else by the token's prefix, else the only one), caller, rate, permission, query,
Idempotency-Key, body type, size, depth and content. Sizes and rates are constants at the top of
each file here.
'''

from crosslane.platform.web.answers import Answer, Document, etag
from crosslane.platform.web.binding import Paging, TenantName, Version
from crosslane.platform.web.body import BODY_BYTES_MAX, Arriving, decode_json, decode_written
from crosslane.platform.web.caller import Caller, OtherLocation
from crosslane.platform.web.errors import EdgeRefusal, InvalidField, NoSuchAddress, TooManyRequests
from crosslane.platform.web.gate import (
    ANYBODY,
    EVENT_STREAM,
    SESSION_COOKIE,
    Admitted,
    Gate,
    Identify,
)
from crosslane.platform.web.listing import listing
from crosslane.platform.web.mount import build_app
from crosslane.platform.web.problems import Problem, problem_of, status_of
from crosslane.platform.web.routes import PUBLIC, Route, delete, get, patch, post, put
from crosslane.platform.web.schemas import Schemas
from crosslane.platform.web.throttle import Rate, Throttle

__all__ = [
    "ANYBODY",
    "BODY_BYTES_MAX",
    "EVENT_STREAM",
    "PUBLIC",
    "SESSION_COOKIE",
    "Admitted",
    "Answer",
    "Arriving",
    "Caller",
    "Document",
    "EdgeRefusal",
    "Gate",
    "Identify",
    "InvalidField",
    "NoSuchAddress",
    "OtherLocation",
    "Paging",
    "Problem",
    "Rate",
    "Route",
    "Schemas",
    "TenantName",
    "Throttle",
    "TooManyRequests",
    "Version",
    "build_app",
    "decode_json",
    "decode_written",
    "delete",
    "etag",
    "get",
    "listing",
    "patch",
    "post",
    "problem_of",
    "put",
    "status_of",
]
