"""What this installation posts with: mail server, sender, where links lead, what signs them."""

import msgspec

from crosslane.engagement.service.smtp import MailLine
from crosslane.platform.settings import Settings


class PostOffice(msgspec.Struct, frozen=True):
    """How messages leave.

    Args:
        line: to the mail server, None when none is set.
        sender: address messages come from.
        public_url: what links begin with.
        secret_key: signs links.
    """

    line: MailLine | None
    sender: str
    public_url: str
    secret_key: bytes


# Filled once by the composition root.
_OPENED: list[PostOffice] = []


def use_settings(settings: Settings) -> None:
    """Say how messages of this process leave; what was said before is forgotten."""
    office = PostOffice(
        MailLine(settings.smtp) if settings.smtp else None,
        settings.mail_from,
        settings.public_url,
        settings.secret_key(),
    )
    _OPENED[:] = [office]


def post_office() -> PostOffice:
    """Return how messages leave.

    Raises:
        IndexError: nobody called :func:`use_settings`, a defect of the composition.
    """
    return _OPENED[0]
