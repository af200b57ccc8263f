"""The routes of the pages behind an order's link."""

from contextlib import suppress
from typing import Any

from litestar import Request, Response

from crosslane import documents
from crosslane.apps.order_page import changing
from crosslane.apps.order_page.form import read_form
from crosslane.apps.order_page.page import order_page
from crosslane.apps.order_page.returned import find_back, label_of_return, return_page
from crosslane.apps.order_page.returning import (
    asked_of,
    choice_page,
    is_complete,
    review_page,
    wish_of,
)
from crosslane.apps.order_page.shell import shown
from crosslane.engagement import LINK_PURPOSE
from crosslane.kernel import Refusal
from crosslane.orders import CANCEL as CANCEL_UNITS
from crosslane.orders import CHANGE_ADDRESS
from crosslane.platform import screens
from crosslane.platform.screens import form, page, see_other
from crosslane.platform.tokens import Link
from crosslane.platform.web import PUBLIC, Caller, Document, NoSuchAddress
from crosslane.returns import CANCEL, REQUEST, Cancel, NotInState, quote_return

PDF = "application/pdf"
FORM_BYTES_MAX = 1 << 18


def _address(request: Request) -> str:
    """Return the path of the order's page that a request came through."""
    return f"/o/{request.path_params['link']}"


def _require(link: Link) -> None:
    if link.purpose != LINK_PURPOSE:
        raise NoSuchAddress


@page("/o/{link}", permission=PUBLIC)
async def show_order_page(caller: Caller, link: Link, request: Request) -> Response:
    """Show a customer the state of an order."""
    _require(link)
    async with caller.read() as tx:
        told = await order_page(tx, link, _address(request))
    return shown(caller, request, "order.html", page=told)


@page("/o/{link}/documents/{number}", permission=PUBLIC)
async def download_paper(caller: Caller, link: Link, number: str) -> Document:
    """Let a customer download an invoice or credit note of the order."""
    _require(link)
    async with caller.read() as tx:
        papers = await documents.documents_of_order(tx, link.subject)
    paper = next((one for one in papers if one.number == number), None)
    if paper is None:
        raise NoSuchAddress
    content = await documents.drawn(paper, copy=True)
    return Document(content=content, media_type=PDF, filename=f"{number}.pdf")


@page("/o/{link}/cancellation", permission=PUBLIC)
async def choose_cancellation(caller: Caller, link: Link, request: Request) -> Response:
    """Ask a customer what is no longer wanted."""
    _require(link)
    async with caller.read() as tx:
        asked = await changing.changeable(tx, link, _address(request))
    return shown(caller, request, "cancel.html", page=changing.cancel_page(asked))


@form("/o/{link}/cancellation", permission=PUBLIC, command=CANCEL_UNITS)
async def cancel_goods(caller: Caller, link: Link, request: Request, data: bytes) -> Response:
    """Show what a cancellation comes to; once that is confirmed, carry it out."""
    _require(link)
    fields = screens.read_form(data)
    async with caller.read() as tx:
        asked = await changing.changeable(tx, link, _address(request))
    chosen = changing.chosen_units(asked, fields)
    if not chosen or fields.text("change"):
        told = changing.cancel_page(asked, chosen, incomplete=not fields.text("change"))
        status = 200 if fields.text("change") else 422
        return shown(caller, request, "cancel.html", page=told, status=status)
    wish = changing.cancellation(asked, chosen, fields)
    try:
        if fields.text("confirmed"):
            await caller.submit(CANCEL_UNITS, wish)
            return see_other(asked.address, toast=asked.words["cancelled_toast"])
        tried = await caller.preview(CANCEL_UNITS, wish, changing.look_at(link))
    except Refusal as refusal:
        told = changing.cancel_page(asked, chosen, refusal=refusal)
        return shown(caller, request, "cancel.html", page=told, status=422)
    told = changing.cancel_review(asked, chosen, tried)
    return shown(caller, request, "cancel_review.html", page=told)


@page("/o/{link}/address", permission=PUBLIC)
async def choose_address(caller: Caller, link: Link, request: Request) -> Response:
    """Ask a customer where the goods shall go instead."""
    _require(link)
    async with caller.read() as tx:
        asked = await changing.changeable(tx, link, _address(request))
    return shown(caller, request, "address.html", page=changing.address_page(asked))


@form("/o/{link}/address", permission=PUBLIC, command=CHANGE_ADDRESS)
async def send_elsewhere(caller: Caller, link: Link, request: Request, data: bytes) -> Response:
    """Show when the goods would come to another address; once confirmed, send them there."""
    _require(link)
    fields = screens.read_form(data)
    async with caller.read() as tx:
        asked = await changing.changeable(tx, link, _address(request))
    if fields.text("change") or not asked.country:
        told = changing.address_page(asked, fields)
        return shown(caller, request, "address.html", page=told)
    try:
        wish = changing.new_address(asked, fields)
        if fields.text("confirmed"):
            await caller.submit(CHANGE_ADDRESS, wish)
            return see_other(asked.address, toast=asked.words["address_toast"])
        tried = await caller.preview(CHANGE_ADDRESS, wish, changing.look_at(link))
    except Refusal as refusal:
        told = changing.address_page(asked, fields, refusal=refusal)
        return shown(caller, request, "address.html", page=told, status=422)
    told = changing.address_review(asked, wish, tried)
    return shown(caller, request, "address_review.html", page=told)


@page("/o/{link}/returns/new", permission=PUBLIC)
async def choose_returns(caller: Caller, link: Link, request: Request) -> Response:
    """Ask a customer what shall come back."""
    _require(link)
    async with caller.read() as tx:
        asked = await asked_of(tx, link, _address(request))
    return shown(caller, request, "choose.html", page=choice_page(asked))


@form("/o/{link}/returns/new", permission=PUBLIC, command=None, body_bytes_max=FORM_BYTES_MAX)
async def review_return(caller: Caller, link: Link, request: Request, data: bytes) -> Response:
    """Tell a customer what it would give, or what is missing; nothing is asked for yet."""
    _require(link)
    chosen = read_form(data)
    async with caller.read() as tx:
        asked = await asked_of(tx, link, _address(request))
        told: Any
        if chosen.change:
            told = choice_page(asked, chosen)
        elif not chosen.lines:
            told = choice_page(asked, chosen, problem=asked.words["problem_none"])
        elif not is_complete(asked, chosen):
            told = choice_page(asked, chosen, incomplete=True)
        else:
            try:
                quoted = await quote_return(tx, wish_of(asked, chosen))
            except Refusal as refusal:
                told = choice_page(asked, chosen, refusal)
            else:
                told = review_page(asked, chosen, quoted)
                return shown(caller, request, "review.html", page=told)
    status = 200 if chosen.change else 422
    return shown(caller, request, "choose.html", page=told, status=status)


@form("/o/{link}/returns", permission=PUBLIC, command=REQUEST, body_bytes_max=FORM_BYTES_MAX)
async def ask_for_return(caller: Caller, link: Link, request: Request, data: bytes) -> Response:
    """Ask for a return, once however often it is sent, and show how to go on."""
    _require(link)
    chosen = read_form(data)
    async with caller.read() as tx:
        asked = await asked_of(tx, link, _address(request))
    if not is_complete(asked, chosen):
        told = choice_page(asked, chosen, incomplete=True)
        return shown(caller, request, "choose.html", page=told, status=422)
    try:
        one = await caller.submit(REQUEST, wish_of(asked, chosen))
    except Refusal as refusal:
        told = choice_page(asked, chosen, refusal)
        return shown(caller, request, "choose.html", page=told, status=422)
    return see_other(f"{asked.address}/returns/{one.number}")


@page("/o/{link}/returns/{number}", permission=PUBLIC)
async def show_return_page(caller: Caller, link: Link, request: Request, number: str) -> Response:
    """Show a customer the state of a return, and what to do next."""
    _require(link)
    async with caller.read() as tx:
        told = await return_page(tx, link, number, _address(request))
    return shown(caller, request, "return.html", page=told)


@page("/o/{link}/returns/{number}/label", permission=PUBLIC)
async def download_label(caller: Caller, link: Link, number: str) -> Document:
    """Let a customer download the label of a return."""
    _require(link)
    async with caller.read() as tx:
        content, mime, name = await label_of_return(tx, link, number)
    return Document(content=content, media_type=mime, filename=name)


@form("/o/{link}/returns/{number}/cancellation", permission=PUBLIC, command=CANCEL)
async def give_return_up(
    caller: Caller, link: Link, request: Request, number: str, data: bytes
) -> Response:
    """Give a return up; what cannot be given up any more is shown as it is."""
    del data
    _require(link)
    async with caller.read() as tx:
        one = await find_back(tx, link, number)
    with suppress(NotInState):
        await caller.submit(CANCEL, Cancel(return_id=one.id))
    return see_other(f"{_address(request)}/returns/{number}")


ROUTES = [
    show_order_page,
    download_paper,
    choose_cancellation,
    cancel_goods,
    choose_address,
    send_elsewhere,
    choose_returns,
    review_return,
    ask_for_return,
    show_return_page,
    download_label,
    give_return_up,
]
