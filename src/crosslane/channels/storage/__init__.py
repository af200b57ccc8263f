"""All SQL of channels."""

from crosslane.platform.personal import PersonalColumn

RAW_RETENTION_DAYS = 400
TOLD_RETENTION_DAYS = 400
PERSONAL_COLUMNS = [
    *(
        PersonalColumn(
            *("channels_raw", part, "owner", "what a channel sent"),
            retention_days=RAW_RETENTION_DAYS,
        )
        for part in ("head", "body", "tail")
    ),
    PersonalColumn(
        *("channels_message", "canonical", "owner", "what a channel sent, in our words", "json"),
        retention_days=RAW_RETENTION_DAYS,
    ),
    *(
        PersonalColumn(
            *("channels_outgoing", column, "owner", "what a channel was told", "json"),
            retention_days=TOLD_RETENTION_DAYS,
        )
        for column in ("message", "said")
    ),
    PersonalColumn(
        *("channels_document", "body", "owner", "a file a channel was told by"),
        retention_days=TOLD_RETENTION_DAYS,
    ),
    PersonalColumn("channels_outgoing", "detail", "words", "why a channel was not told"),
    PersonalColumn("channels_batch", "headers", "words", "what stood on an envelope", "json"),
    PersonalColumn("channels_batch", "file_name", "words", "what a sender calls a file"),
    PersonalColumn("channels_file", "name", "words", "what a sender calls a file"),
    PersonalColumn("channels_file", "detail", "words", "why a file could not be read"),
    PersonalColumn("channels_message", "detail", "words", "why a message was not taken"),
]
