"""All SQL of publishing: the stream, subscriptions, deliveries."""

from crosslane.platform.personal import PersonalColumn

DELIVERIES_DAYS = 30
"""How long a delivery that has ended is kept, with all its tries."""

PERSONAL_COLUMNS = [
    PersonalColumn(
        "publishing_attempt",
        "answer",
        "words",
        "what a receiver answered",
        retention_days=DELIVERIES_DAYS,
    ),
]
