"""Correcting an article: texts, category, measures, barcodes, and whether it is sold."""

from typing import Any
from uuid import UUID

from litestar import Request, Response

from crosslane import catalog
from crosslane.apps.office.catalog import WRITE, category_choices
from crosslane.apps.office.frame import PAGES, view
from crosslane.apps.office.stock_article import article
from crosslane.apps.office.wishes import wish_of, wrong_of
from crosslane.catalog import (
    EDIT_PRODUCT,
    NO_LANGUAGE,
    BarcodeRow,
    EditProduct,
    Product,
    Text,
    UnknownSku,
    Variant,
)
from crosslane.kernel import Refusal
from crosslane.platform.database import Tx
from crosslane.platform.screens import Form, form, page, read_form, see_other
from crosslane.platform.web import Caller, InvalidField

EDIT = "/office/catalog/{variant_id}/edit"
MEASURES = ("weight_grams", "length_mm", "width_mm", "height_mm")
FIELDS = ("title", "description")
TEXTS_MORE = 2


@page(EDIT, permission=WRITE, raises=(UnknownSku,))
async def edit_article(caller: Caller, request: Request, variant_id: UUID) -> Response:
    """Show the form of an article."""
    async with caller.read() as tx:
        viewer = await view(tx, caller, request)
        variant, product = await _present(tx, variant_id, viewer.language)
        told = await _form(tx, variant, product)
    return PAGES.answer(viewer, "article_edit.html", **told)


@form(EDIT, permission=WRITE, command=EDIT_PRODUCT, raises=(UnknownSku,))
async def save_article(caller: Caller, request: Request, variant_id: UUID, data: bytes) -> Response:
    """Save an article at the version that was looked at."""
    fields = read_form(data)
    async with caller.read() as tx:
        viewer = await view(tx, caller, request)
        variant, product = await _present(tx, variant_id, viewer.language)
    try:
        wish = _wish(fields, variant, product)
        await caller.submit(EDIT_PRODUCT, wish)
    except Refusal as refusal:
        async with caller.read() as tx:
            told = await _form(tx, variant, product)
        told |= {"refusal": refusal, "wrong": wrong_of(refusal), "fields": _sent(fields)}
        told["texts"] = _texts(fields)
        return PAGES.answer(viewer, "article_edit.html", status=422, **told)
    return see_other(f"/office/catalog/{variant_id}", toast=PAGES.words(viewer)("Saved."))


async def _present(tx: Tx, variant_id: UUID, language: str) -> tuple[Variant, Product]:
    variant = await article(tx, variant_id, language)
    return variant, await catalog.product(tx, variant.product, locale=language)


async def _form(tx: Tx, variant: Variant, product: Product) -> dict[str, Any]:
    texts = (await catalog.product_texts(tx, product)).get(variant.sku, [])
    barcodes = (await catalog.barcodes_of(tx, [variant.id])).get(variant.id, [])
    return {
        "variant": variant,
        "product": product,
        "categories": category_choices(await catalog.category_tree(tx)),
        "fields": {
            **{name: getattr(variant, name) for name in MEASURES},
            "gtin": variant.gtin or "",
            "category": variant.category,
            "tax_class": variant.tax_class,
            "barcodes": "\n".join(f"{one.barcode} {one.units}" for one in barcodes),
            "options": "\n".join(f"{name}: {value}" for name, value in variant.options.items()),
            "hazardous": variant.hazardous,
            "active": variant.active,
            "version": product.version,
        },
        "texts": texts or [Text("title", "", NO_LANGUAGE)],
        "more": TEXTS_MORE,
        "refusal": None,
        "wrong": wrong_of(None),
    }


def _wish(fields: Form, variant: Variant, product: Product) -> EditProduct:
    """Return the edit a form asks for; what the form does not have stays as it is."""
    row: dict[str, Any] = {
        "sku": variant.sku,
        "category": fields.text("category"),
        "product": product.code,
        "tax_class": fields.text("tax_class"),
        "gtin": fields.text("gtin") or None,
        **{name: fields.number(name, 0) for name in MEASURES},
        "options": dict(_options(fields)),
        "components": [
            {"sku": part.sku, "quantity": part.quantity, "share_weight": part.share_weight}
            for part in variant.components
        ],
        "barcodes": [{"barcode": one.barcode, "units": one.units} for one in _barcodes(fields)],
        "texts": [
            {"field": one.field, "text": one.text, "locale": one.locale, "channel": one.channel}
            for one in _texts(fields)
        ],
        "hazardous": fields.checked("hazardous"),
        "active": fields.checked("active"),
    }
    edit = {"code": product.code, "version": fields.number("version"), "rows": [row]}
    return wish_of(EditProduct, edit)


def _texts(fields: Form) -> list[Text]:
    """Return the texts of a form, those that were emptied as well; a blank row is none."""
    found: list[Text] = []
    for place, _ in fields.group("field"):
        text = fields.text(f"text.{place}")
        locale = fields.text(f"locale.{place}") or NO_LANGUAGE
        known = fields.checked(f"known.{place}")
        if text or known:
            channel = fields.text(f"channel.{place}")
            found.append(Text(fields.text(f"field.{place}"), text, locale, channel))
    return found


def _barcodes(fields: Form) -> list[BarcodeRow]:
    found: list[BarcodeRow] = []
    for line in fields.text("barcodes").splitlines():
        barcode, _, units = line.strip().rpartition(" ")
        if not line.strip():
            continue
        if not barcode or not units.isdecimal():
            reason = f"each line is a barcode and its units, unlike {line[:60]}"
            raise InvalidField(pointer="/barcodes", reason=reason)
        found.append(BarcodeRow(barcode.strip(), int(units)))
    return found


def _options(fields: Form) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for line in fields.text("options").splitlines():
        name, colon, value = line.partition(":")
        if colon:
            found.append((name.strip(), value.strip()))
        elif line.strip():
            reason = f"each line is a name, a colon and a value, unlike {line[:60]}"
            raise InvalidField(pointer="/options", reason=reason)
    return found


def _sent(fields: Form) -> dict[str, Any]:
    boxes = {name: fields.checked(name) for name in ("active", "hazardous")}
    return fields.plain() | boxes


ROUTES = [edit_article, save_article]
