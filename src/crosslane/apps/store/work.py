"""One piece of work from the shelf to the door: accept, pick, pack, label, hand over."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, Response

from crosslane import carriers, fulfillment
from crosslane.apps.store.frame import (
    PAGES,
    READ,
    WORK,
    carrier_names,
    enter,
    say,
    tapped_at,
    work_at,
)
from crosslane.apps.store.shelf import shelf_lines
from crosslane.apps.store.today import job_of
from crosslane.carriers import LabelNotPrinted, LabelRecord
from crosslane.fulfillment import (
    ACCEPT,
    PACK,
    PICK,
    REJECT,
    Accept,
    Pack,
    PackedUnits,
    PackParcel,
    PackUnits,
    ParcelView,
    Pick,
    PickedLine,
    PickUnits,
    Reject,
    WorkView,
)
from crosslane.kernel import QUANTITY_MAX, Refusal
from crosslane.platform.database import Tx
from crosslane.platform.screens import Form, form, page, read_form, see_other
from crosslane.platform.web import Caller, InvalidField

REASONS = ("not_found", "damaged", "too_much_to_do", "closed")
WEIGHT_KILOGRAMS_MAX = 1_000


class Labelled(msgspec.Struct, frozen=True):
    """A parcel with its latest label, None before it was asked for."""

    parcel: ParcelView
    label: LabelRecord | None

    @property
    def waits(self) -> bool:
        """Whether the carrier is still being asked."""
        asked = self.label is not None and self.label.state == "requested"
        return self.parcel.state == "packed" and (self.label is None or asked)


@page("/store/{code}/jobs/{work_id}", permission=READ)
async def show_work(
    caller: Caller, request: Request, code: str, work_id: UUID, scan: str = ""
) -> Response:
    """Show a piece of work, and what hands do next."""
    return await answer_work(caller, request, code, work_id, scan=scan)


async def answer_work(
    caller: Caller,
    request: Request,
    code: str,
    work_id: UUID,
    *,
    refusal: Refusal | None = None,
    fields: Form | None = None,
    scan: str = "",
) -> Response:
    """Return the page of a piece of work, after a refusal with what was filled in."""
    async with caller.read() as tx:
        viewer, place = await enter(tx, caller, request, code)
        said = say(viewer, refusal) if refusal else ""
        work = await work_at(tx, place, work_id)
        lines = await shelf_lines(tx, viewer, place, [work])
        parcels = await _labelled(tx, work.parcels)
        names = await carrier_names(tx)
        job = job_of(work, place, tx.now)
    return PAGES.answer(
        viewer,
        "work.html",
        status=422 if refusal else 200,
        block="parcels" if viewer.fragment and not refusal else "",
        place=place,
        job=job,
        work=work,
        lines=lines,
        parcels=parcels,
        names=names,
        scan=scan.strip().upper().lstrip("0"),
        reasons=REASONS,
        refusal=said,
        fields=fields.plain() if fields else {},
    )


@form("/store/{code}/acceptances", permission=WORK, command=ACCEPT)
async def accept_work(caller: Caller, request: Request, code: str, data: bytes) -> Response:
    """Take work on, one piece or all that is shown."""
    fields = read_form(data)
    ids = _ids(fields, "work")
    async with caller.read() as tx:
        viewer, place = await enter(tx, caller, request, code)
        for work_id in ids:
            await work_at(tx, place, work_id)
    words = PAGES.words(viewer)
    try:
        await caller.submit(ACCEPT, Accept(ids, tapped_at(fields)))
    except Refusal as refusal:
        return await answer_work(caller, request, code, ids[0], refusal=refusal)
    many = len(ids) > 1
    return see_other(
        f"/store/{code}/today" if many else f"/store/{code}/jobs/{ids[0]}",
        toast=words.plural("Accepted.", "%(n)s accepted.", len(ids)) if many else "",
    )


@form("/store/{code}/jobs/{work_id}/rejection", permission=WORK, command=REJECT)
async def reject_work(
    caller: Caller, request: Request, code: str, work_id: UUID, data: bytes
) -> Response:
    """Turn work down; the order is served from elsewhere."""
    fields = read_form(data)
    async with caller.read() as tx:
        viewer, place = await enter(tx, caller, request, code)
        await work_at(tx, place, work_id)
    words = PAGES.words(viewer)
    given = fields.text("reason")
    reason = given.replace("_", " ") if given in REASONS else "other"
    if note := fields.text("note")[:150]:
        reason = f"{reason}: {note}"
    try:
        await caller.submit(REJECT, Reject(work_id, reason, tapped_at(fields)))
    except Refusal as refusal:
        return await answer_work(caller, request, code, work_id, refusal=refusal, fields=fields)
    return see_other(
        f"/store/{code}/today", toast=words("Rejected. The order is served from elsewhere.")
    )


@form("/store/{code}/picks", permission=WORK, command=PICK)
async def pick_units(caller: Caller, request: Request, code: str, data: bytes) -> Response:
    """Tell what was taken from the shelf, for one piece of work or a whole pick list."""
    fields = read_form(data)
    ids = _ids(fields, "work")
    async with caller.read() as tx:
        viewer, place = await enter(tx, caller, request, code)
        works = [await work_at(tx, place, work_id) for work_id in ids]
    words = PAGES.words(viewer)
    try:
        picks = [_pick(fields, work) for work in works]
        done = await caller.submit(PICK, PickUnits(picks, tapped_at(fields)))
    except Refusal as refusal:
        return await answer_work(caller, request, code, ids[0], refusal=refusal, fields=fields)
    gone = [one for one in done if one.gone]
    if gone:
        toast = words("Cancelled meanwhile: put the goods back.")
    else:
        toast = words("Picked.") if len(ids) > 1 else ""
    many = fields.checked("list")
    return see_other(
        f"/store/{code}/today" if many else f"/store/{code}/jobs/{ids[0]}", toast=toast
    )


def _pick(fields: Form, work: WorkView) -> Pick:
    """Return what was taken of a piece of work; what is not told of was all there.

    What was to pick is what the page had shown: the order may have shrunk since.
    """
    lines = []
    for line in work.lines:
        named = f"{work.id}.{line.line_id}"
        shown = _count(fields, f"shown.{named}", line.to_pick)
        found = _count(fields, f"found.{named}", shown)
        if shown:
            lines.append(PickedLine(line.line_id, found, max(0, shown - found)))
    return Pick(work.id, lines)


def _count(fields: Form, name: str, default: int) -> int:
    units = fields.number(name, default)
    if units is None or not 0 <= units <= QUANTITY_MAX:
        raise InvalidField(pointer=f"/{name}", reason="this is not a number of units")
    return units


def _ids(fields: Form, name: str) -> list[UUID]:
    """Return the pieces of work a form is about.

    Raises:
        InvalidField: it names none, or something else.
    """
    try:
        ids = [UUID(text) for text in dict.fromkeys(fields.texts(name))]
    except ValueError:
        ids = []
    if not 1 <= len(ids) <= fulfillment.WORKS_MAX:
        raise InvalidField(pointer=f"/{name}", reason="the form names no order")
    return ids


@form("/store/{code}/jobs/{work_id}/parcels", permission=WORK, command=PACK)
async def pack_parcel(
    caller: Caller, request: Request, code: str, work_id: UUID, data: bytes
) -> Response:
    """Close a parcel of all that is picked, or of some of it; its label is asked for."""
    fields = read_form(data)
    async with caller.read() as tx:
        _, place = await enter(tx, caller, request, code)
        await work_at(tx, place, work_id)
    try:
        packed = [
            PackedUnits(UUID(line_id), _count(fields, f"units.{line_id}", 0))
            for line_id, text in fields.group("units")
            if text not in ("", "0")
        ]
        parcel = PackParcel(packed, _weight_grams(fields))
        await caller.submit(PACK, PackUnits([Pack(work_id, (parcel,))], tapped_at(fields)))
    except Refusal as refusal:
        return await answer_work(caller, request, code, work_id, refusal=refusal, fields=fields)
    return see_other(f"/store/{code}/jobs/{work_id}")


def _weight_grams(fields: Form) -> int | None:
    grams = fields.number("grams")
    if grams is not None and not 1 <= grams <= WEIGHT_KILOGRAMS_MAX * 1_000:
        raise InvalidField(pointer="/grams", reason="this is not a weight in grams")
    return grams


@page(
    "/store/{code}/jobs/{work_id}/parcels/{number}/label",
    permission=READ,
    produces="application/pdf",
)
async def show_label(
    caller: Caller, request: Request, code: str, work_id: UUID, number: int
) -> Response:
    """Show the label of a parcel, to print it."""
    async with caller.read() as tx:
        _, place = await enter(tx, caller, request, code)
        work = await work_at(tx, place, work_id)
        label_id = next((p.label_id for p in work.parcels if p.number == number), None)
        if label_id is None:
            raise LabelNotPrinted(id=str(work_id), state="requested")
        content, mime = await carriers.label_document(tx, label_id)
    headers = {"Content-Disposition": f'inline; filename="{work.order_number}-{number}"'}
    return Response(content, media_type=mime, headers=headers)


async def _labelled(tx: Tx, parcels: Sequence[ParcelView]) -> list[Labelled]:
    labels: dict[UUID, Any] = await carriers.labels_of_parcels(tx, [p.id for p in parcels])
    return [Labelled(p, (labels.get(p.id) or [None])[-1]) for p in parcels if p.state != "void"]


ROUTES = [show_work, accept_work, reject_work, pick_units, pack_parcel, show_label]
