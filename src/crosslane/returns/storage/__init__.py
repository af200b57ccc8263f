"""All SQL of returns: returns whole, their journal, and the views people read."""

from crosslane.platform.personal import PersonalColumn

PERSONAL_COLUMNS = [
    PersonalColumn("returns_return", "hold_reason", "words", "why a return waits for a person"),
    PersonalColumn("returns_finding", "reason", "words", "why a suspicion was cleared or not"),
    PersonalColumn("returns_return", "reason", "words", "why a return was declined or overridden"),
    PersonalColumn(
        "returns_return", "besides", "words", "what money besides the goods is for", "json"
    ),
    PersonalColumn("returns_credit", "reason", "words", "why a location lost a handling credit"),
]
