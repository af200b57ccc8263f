"""The routes of the pages behind an order's link."""

from contextlib import suppress
from typing import Any

from litestar import Request, Response

from crosslane import documents
from crosslane.apps.order_page.form import FORM, read_form
from crosslane.apps.order_page.page import order_page
from crosslane.apps.order_page.returned import find_back, label_of_return, return_page
from crosslane.apps.order_page.returning import (
    asked_of,
    choice_page,
    is_complete,
    review_page,
    wish_of,
)
from crosslane.apps.order_page.shell import HTML, elsewhere, shown
from crosslane.engagement import LINK_PURPOSE
from crosslane.kernel import Refusal
from crosslane.platform.tokens import Link
from crosslane.platform.web import PUBLIC, Caller, Document, NoSuchAddress, get, post
from crosslane.returns import CANCEL, REQUEST, Cancel, NotInState, quote_return

PDF = "application/pdf"
FORM_BYTES_MAX = 1 << 18


def _address(request: Request) -> str:
    """Return the path of the order's page that a request came through."""
    return f"/o/{request.path_params['link']}"


def _require(link: Link) -> None:
    if link.purpose != LINK_PURPOSE:
        raise NoSuchAddress


@get("/o/{link}", permission=PUBLIC, produces=HTML, listed=False)
async def show_order_page(caller: Caller, link: Link, request: Request) -> Response:
    """Show a customer the state of an order."""
    _require(link)
    async with caller.read() as tx:
        page = await order_page(tx, link, _address(request))
    return shown("order.html", page=page, words=page.words)


@get("/o/{link}/documents/{number}", permission=PUBLIC, produces=HTML, listed=False)
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


@get("/o/{link}/returns/new", permission=PUBLIC, produces=HTML, listed=False)
async def choose_returns(caller: Caller, link: Link, request: Request) -> Response:
    """Ask a customer what shall come back."""
    _require(link)
    async with caller.read() as tx:
        asked = await asked_of(tx, link, _address(request))
    page = choice_page(asked)
    return shown("choose.html", forms=True, page=page, words=page.words)


@post(
    "/o/{link}/returns/new",
    permission=PUBLIC,
    command=None,
    consumes=FORM,
    produces=HTML,
    body_bytes_max=FORM_BYTES_MAX,
    listed=False,
)
async def review_return(caller: Caller, link: Link, request: Request, data: bytes) -> Response:
    """Tell a customer what it would give, or what is missing; nothing is asked for yet."""
    _require(link)
    chosen = read_form(data)
    async with caller.read() as tx:
        asked = await asked_of(tx, link, _address(request))
        page: Any
        if chosen.change:
            page = choice_page(asked, chosen)
        elif not chosen.lines:
            page = choice_page(asked, chosen, problem=asked.words["problem_none"])
        elif not is_complete(asked, chosen):
            page = choice_page(asked, chosen, incomplete=True)
        else:
            try:
                quoted = await quote_return(tx, wish_of(asked, chosen))
            except Refusal as refusal:
                page = choice_page(asked, chosen, refusal)
            else:
                page = review_page(asked, chosen, quoted)
                return shown("review.html", forms=True, page=page, words=page.words)
    status = 200 if chosen.change else 422
    return shown("choose.html", forms=True, status=status, page=page, words=page.words)


@post(
    "/o/{link}/returns",
    permission=PUBLIC,
    command=REQUEST,
    key_required=False,
    consumes=FORM,
    produces=HTML,
    body_bytes_max=FORM_BYTES_MAX,
    listed=False,
)
async def ask_for_return(caller: Caller, link: Link, request: Request, data: bytes) -> Response:
    """Ask for a return, once however often it is sent, and show how to go on."""
    _require(link)
    chosen = read_form(data)
    async with caller.read() as tx:
        asked = await asked_of(tx, link, _address(request))
    if not is_complete(asked, chosen):
        page = choice_page(asked, chosen, incomplete=True)
        return shown("choose.html", forms=True, status=422, page=page, words=page.words)
    try:
        one = await caller.submit(REQUEST, wish_of(asked, chosen))
    except Refusal as refusal:
        page = choice_page(asked, chosen, refusal)
        return shown("choose.html", forms=True, status=409, page=page, words=page.words)
    return elsewhere(f"{asked.address}/returns/{one.number}")


@get("/o/{link}/returns/{number}", permission=PUBLIC, produces=HTML, listed=False)
async def show_return_page(caller: Caller, link: Link, request: Request, number: str) -> Response:
    """Show a customer the state of a return, and what to do next."""
    _require(link)
    async with caller.read() as tx:
        page = await return_page(tx, link, number, _address(request))
    return shown("return.html", forms=True, page=page, words=page.words)


@get("/o/{link}/returns/{number}/label", permission=PUBLIC, produces=HTML, listed=False)
async def download_label(caller: Caller, link: Link, number: str) -> Document:
    """Let a customer download the label of a return."""
    _require(link)
    async with caller.read() as tx:
        content, mime, name = await label_of_return(tx, link, number)
    return Document(content=content, media_type=mime, filename=name)


@post(
    "/o/{link}/returns/{number}/cancellation",
    permission=PUBLIC,
    command=CANCEL,
    key_required=False,
    consumes=FORM,
    produces=HTML,
    body_bytes_max=FORM_BYTES_MAX,
    listed=False,
)
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
    return elsewhere(f"{_address(request)}/returns/{number}")


ROUTES = [
    show_order_page,
    download_paper,
    choose_returns,
    review_return,
    ask_for_return,
    show_return_page,
    download_label,
    give_return_up,
]
