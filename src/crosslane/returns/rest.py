"""Returns over HTTP."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta

from crosslane.kernel import Page
from crosslane.platform import log
from crosslane.platform.web import Caller, Paging, get
from crosslane.returns import errors
from crosslane.returns.domain import Return, State
from crosslane.returns.service import reading

Named = Annotated[str, Meta(min_length=1, max_length=60)]


@get("/api/v1/returns", permission="returns:read")
async def list_returns(
    caller: Caller,
    paging: Paging,
    order_id: UUID | None = None,
    customer_id: UUID | None = None,
    location_id: UUID | None = None,
    state: State | None = None,
    held: bool | None = None,
) -> Page[Return]:
    """List returns, the newest first; an associate sees those that concern the own location."""
    async with caller.read() as tx:
        found = await reading.list_found(
            tx,
            order_id=order_id,
            customer_id=customer_id,
            location_id=location_id,
            state=state,
            held=held,
            after=paging.after(datetime, UUID),
            limit=paging.limit + 1,
        )
    return paging.page(found, key=lambda one: (one.requested_at, one.id))


@get("/api/v1/returns/{named}", permission="returns:read", raises=(errors.NoSuchReturn,))
async def show_return(caller: Caller, named: str) -> Return:
    """Show a return by its number or id."""
    async with caller.read() as tx:
        return await reading.find_return(tx, named)


@get(
    "/api/v1/returns/{named}/timeline",
    permission="returns:read",
    raises=(errors.NoSuchReturn,),
)
async def show_timeline(caller: Caller, paging: Paging, named: str) -> Page[log.Entry]:
    """Tell what has happened to a return, oldest first."""
    after = paging.after(int)
    async with caller.read() as tx:
        found = await reading.timeline(
            tx, named, after_no=after[0] if after else 0, limit=paging.limit + 1
        )
    return paging.page(found, key=lambda entry: (entry.subject_no,))


ROUTES = [list_returns, show_return, show_timeline]
