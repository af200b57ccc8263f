"""People of a shop, their wishes about their data, and what needs no answer."""

from collections.abc import Callable, Iterator

from crosslane.channels.adapters.branches import Branch
from crosslane.channels.adapters.family import Context
from crosslane.channels.adapters.shopify.resource import identity
from crosslane.channels.adapters.shops import address, full_name
from crosslane.channels.domain.messages import Message
from crosslane.channels.domain.reports import ContactEvent, Notice


def customer(branch: Branch, context: Context) -> Iterator[Message]:
    """Say who somebody is."""
    told = identity(branch, context)
    known = [found for part in branch.branches("addresses") if (found := address(part))]
    default = address(branch.branch("default_address"))
    addresses = [default, *(one for one in known if one != default)] if default else known
    yield ContactEvent(
        **told,  # type: ignore[arg-type]
        name=full_name(branch),
        email=branch.text("email"),
        phone=branch.text("phone"),
        organization=default.organization if default else "",
        addresses=tuple(addresses),
        marketing=branch.flag("accepts_marketing"),
        text=branch.text("note"),
    )


def data_request(branch: Branch, context: Context) -> Iterator[Message]:
    """Say that somebody wants to see or lose what is known of them."""
    person = branch.branch("customer")
    number = person.text("id") or branch.text("shop_id")
    yield ContactEvent(
        **{**identity(branch, context), "source_id": f"request/{number}"},  # type: ignore[arg-type]
        topic="data_request",
        email=person.text("email"),
        phone=person.text("phone"),
        gone=branch.peek("orders_requested") is None,
    )


def notice(name: str) -> Callable[[Branch, Context], Iterator[Message]]:
    """Return a reader of resources that ask nothing of the hub.

    Args:
        name: of the resource.
    """

    def read(branch: Branch, context: Context) -> Iterator[Message]:
        title = branch.peek("title") or branch.peek("name") or ""
        yield Notice(
            **identity(branch, context, prefix=f"{name}/"),  # type: ignore[arg-type]
            topic=name,
            title=str(title)[:500],
        )

    return read
