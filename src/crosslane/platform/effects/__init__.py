"""Effects: every call to the outside world, written down before it is made.

A transaction requests an effect; a worker claims it under a lease, makes the call outside any
transaction with the effect's key as idempotency key, and records the result in another, again and
again while the database is away. The attempt number is the fence: a worker that lost its claim can
record nothing. The claims of a worker that died are released at once, those of one that cannot be
seen end with their lease. Failures are tried again with growing, jittered waits; after TRIES_MAX
the effect is a dead letter that a person can replay.

Each call is made alone. What calls of one kind need, and what came of them, is read and saved for
many at once, in one transaction; what fails together is tried one by one, so that a defect in one
harms no other.

A schedule is an effect that comes back: the same table, the same lease.

Tables: platform_effect.
"""

from crosslane.platform.effects.nouns import (
    Dead,
    Effect,
    EffectCall,
    EffectKind,
    Retry,
    Schedule,
    one_by_one,
)
from crosslane.platform.effects.running import Runner, ensure_schedules
from crosslane.platform.effects.service import (
    REPLAYED_AT_ONCE_MAX,
    DeadLetter,
    DueCall,
    KindCount,
    NoSuchDeadLetter,
    count_kinds,
    list_dead,
    list_due,
    release_claims,
    replay_dead,
    replay_keys,
    replay_kind,
    request,
)

__all__ = [
    "REPLAYED_AT_ONCE_MAX",
    "Dead",
    "DeadLetter",
    "DueCall",
    "Effect",
    "EffectCall",
    "EffectKind",
    "KindCount",
    "NoSuchDeadLetter",
    "Retry",
    "Runner",
    "Schedule",
    "count_kinds",
    "ensure_schedules",
    "list_dead",
    "list_due",
    "one_by_one",
    "release_claims",
    "replay_dead",
    "replay_keys",
    "replay_kind",
    "request",
]
