"""People of a shop."""

from collections.abc import Iterator

from crosslane.channels.adapters.branches import Branch
from crosslane.channels.adapters.family import Context, version_of
from crosslane.channels.adapters.shops import address, full_name
from crosslane.channels.adapters.woocommerce.resource import identity
from crosslane.channels.domain.messages import Message
from crosslane.channels.domain.reports import ContactEvent


def customer(branch: Branch, context: Context, *, gone: bool = False) -> Iterator[Message]:
    """Say who somebody is.

    Args:
        branch: the customer.
        context: where it comes from.
        gone: it was removed from the shop.
    """
    told = identity(branch, context)
    if gone and len(branch.value) == 1:
        told["source_version"] = version_of(context.received_at)
    billing, shipping = branch.branch("billing"), branch.branch("shipping")
    known = [found for part in (billing, shipping) if (found := address(part))]
    yield ContactEvent(
        **told,
        name=full_name(branch) or full_name(billing),
        email=branch.text("email") or billing.text("email"),
        phone=billing.text("phone"),
        organization=billing.text("company"),
        addresses=tuple(dict.fromkeys(known)),
        gone=gone,
    )
