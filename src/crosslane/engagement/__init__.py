"""Engagement: telling customers what becomes of their orders.

Nouns: a message is told of one cause and keeps its story, a snapshot of what it tells; occasion
(something that happened and that may call for a message); recipient (looked up when it is sent).

Told by e-mail: an order is confirmed (it was placed and nothing holds it back), a parcel left
(one message each, with tracking number and link), goods lie ready (with the pickup code), units
wait for stock or will come later than promised, units were cancelled; a return waits for a
decision, may come, may not, has come, is settled, has not come in time. Whoever carries goods out,
or brings them back to the counter, is told nothing: they have a receipt. A message leads to the
page of the order or return by a signed link that expires.

Invariants: one message per cause, never lost, and never repeated but when the sender dies between
the server's 250 and our commit; then it comes once more under the same Message-ID. Nobody to send
to is a state of the message, no error. Names and addresses are not kept with a message, but for
whom it went to, 90 days long.

Doors: the command ``engagement.resend``; :func:`use_settings` says how messages leave;
:func:`messages_of_order` lists what was told; :func:`tell_administrators` writes to those who
administer. For pages about an order: :func:`locale_of`, :func:`show_money`, :func:`show_day`,
:func:`show_moment`, :func:`wanted_units`, :func:`share_minor` and :func:`link_to_order`, so that
they tell the same as the messages.
Events: MessageSent, MessageFailed. Effects: ``engagement.send``, ``engagement.invite`` (the link of
an invitation, to who is to work here), ``engagement.tell_administrator``. Policies:
engagement.messages.
Tables: engagement_message (recipient is personal).
"""

from crosslane.engagement.domain import (
    CHANGED_ELSEWHERE,
    MESSAGES,
    Messages,
    share_minor,
    wanted_units,
)
from crosslane.engagement.errors import MessageUnderWay, NoSuchMessage
from crosslane.engagement.events import MessageEvent, MessageFailed, MessageSent
from crosslane.engagement.reactions import REACTIONS, SCHEDULES
from crosslane.engagement.rest import ROUTES
from crosslane.engagement.service.administrators import (
    TELL_ADMINISTRATOR,
    StaffLetter,
    tell_administrators,
)
from crosslane.engagement.service.inviting import INVITE
from crosslane.engagement.service.personal import ERASERS, EXPORTERS
from crosslane.engagement.service.posting import use_settings
from crosslane.engagement.service.reading import (
    RESEND,
    MessageView,
    Resend,
    messages_of_customers,
    messages_of_order,
)
from crosslane.engagement.service.sending import LINK_PURPOSE, ORDER_PAGE, SEND, link_to_order
from crosslane.engagement.service.writing import locale_of, show_day, show_moment, show_money
from crosslane.engagement.storage import PERSONAL_COLUMNS

COMMANDS = [RESEND]
EFFECTS = [SEND, INVITE, TELL_ADMINISTRATOR]
POLICIES = [MESSAGES]

__all__ = [
    "CHANGED_ELSEWHERE",
    "COMMANDS",
    "EFFECTS",
    "ERASERS",
    "EXPORTERS",
    "INVITE",
    "LINK_PURPOSE",
    "MESSAGES",
    "ORDER_PAGE",
    "PERSONAL_COLUMNS",
    "POLICIES",
    "REACTIONS",
    "RESEND",
    "ROUTES",
    "SCHEDULES",
    "SEND",
    "TELL_ADMINISTRATOR",
    "MessageEvent",
    "MessageFailed",
    "MessageSent",
    "MessageUnderWay",
    "MessageView",
    "Messages",
    "NoSuchMessage",
    "Resend",
    "StaffLetter",
    "link_to_order",
    "locale_of",
    "messages_of_customers",
    "messages_of_order",
    "share_minor",
    "show_day",
    "show_moment",
    "show_money",
    "tell_administrators",
    "use_settings",
    "wanted_units",
]
