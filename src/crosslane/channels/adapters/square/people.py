"""People a till knows."""

from collections.abc import Iterator

from crosslane.channels.adapters.branches import Branch
from crosslane.channels.adapters.family import Context
from crosslane.channels.adapters.square.resource import address, full_name, identity, times
from crosslane.channels.domain.messages import Message
from crosslane.channels.domain.reports import ContactEvent


def customer(branch: Branch, context: Context, *, gone: bool = False) -> Iterator[Message]:
    """Say who somebody is; a profile that was deleted or merged is known no longer."""
    refuses = branch.branch("preferences").flag("email_unsubscribed")
    where = address(branch.branch("address"))
    yield ContactEvent(
        **identity(branch.needed("id"), *times(branch), context),
        name=full_name(branch)[:500],
        email=branch.text("email_address"),
        phone=branch.text("phone_number"),
        organization=branch.text("company_name"),
        addresses=(where,) if where else (),
        marketing=None if refuses is None else not refuses,
        gone=gone,
    )
