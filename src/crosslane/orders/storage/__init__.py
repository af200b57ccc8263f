"""All SQL of orders: reading states, writing changes, the views people read."""

from crosslane.platform.personal import PersonalColumn

PERSONAL_COLUMNS = [
    PersonalColumn("orders_stop", "reason", "words", "why an order waits"),
    PersonalColumn("orders_stop", "resolution", "words", "what somebody found out"),
    PersonalColumn("orders_amendment", "reason", "words", "why an order was changed"),
    PersonalColumn("orders_charge", "title", "words", "why a price was changed"),
]
