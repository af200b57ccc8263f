"""What several resources of a shop have in common: instants and versions."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime

from crosslane.channels.adapters.branches import Branch, in_utc
from crosslane.channels.adapters.family import Context, version_of


def identity(branch: Branch, context: Context, *, prefix: str = "") -> dict[str, object]:
    """Return number, version and instant of a resource, as every message names them.

    Shops count no versions: it is the instant of the last change in milliseconds, or the latest
    instant that is told; of a resource that tells none it is always 1. The envelope tells fractions
    of the second in which it was changed.
    """
    changed = branch.moment("updated_at", zone=context.timezone)
    said_at = context.said_at
    if changed and said_at and said_at.replace(microsecond=0) == changed:
        changed = said_at
    made = branch.moment("processed_at", "created_at", zone=context.timezone)
    told = [at for at in (changed, made) if at] or _instants(branch)
    number = branch.text("id")
    return {
        "source_id": f"{prefix}{number or branch.at.strip('/') or 'one'}",
        "source_version": version_of(changed or max(told)) if told else 1,
        "event_at": made or (max(told) if told else context.received_at),
        "channel": context.channel,
    }


def _instants(branch: Branch) -> list[datetime]:
    """Return what the resource says itself of when it changed."""
    values = branch.value.items() if isinstance(branch.value, Mapping) else ()
    found = []
    for name, value in values:
        if name.endswith(("_at", "_on")) and isinstance(value, str):
            with suppress(ValueError):
                at = datetime.fromisoformat(value)
                if at.tzinfo and in_utc(at):
                    found.append(at)
    return found
