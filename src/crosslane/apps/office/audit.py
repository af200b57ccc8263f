"""Audit: what people and programs have changed, by whom, when, from what to what, and why."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from litestar import Request, Response

from crosslane import organization
from crosslane.apps.office.deeds import deed_title
from crosslane.apps.office.frame import PAGES, view
from crosslane.platform import audit, auth
from crosslane.platform.database import Tx
from crosslane.platform.screens import page
from crosslane.platform.web import Caller, Paging

AUDIT = "/office/audit"
FIELDS_SHOWN_MAX = 60
FIELDS_OPEN_MAX = 6
VALUE_CHARACTERS_MAX = 200


class Difference(msgspec.Struct, frozen=True):
    """A value that changed; None where it was not there before, or is not any more."""

    field: str
    before: str | None
    after: str | None


class Line(msgspec.Struct, frozen=True):
    """An entry as people read it.

    Args:
        entry: as it was written.
        title: what was done, in the language of the source.
        who: what its doer is called, "" for the system.
        account_id: of a person.
        differences: what changed.
    """

    entry: audit.Entry
    title: str
    who: str
    account_id: str
    differences: list[Difference]

    @property
    def changes(self) -> bool:
        """Tell whether something became something else, and little enough to be read at once."""
        altered = any(one.before is not None for one in self.differences)
        return altered and len(self.differences) <= FIELDS_OPEN_MAX


def differences(before: Any, after: Any) -> list[Difference]:
    """Return the values that differ between two JSON values, by their names inside.

    What is new or gone as a whole is told value by value too.
    """
    old, new = dict(_leaves(before)), dict(_leaves(after))
    names = [*old, *(name for name in new if name not in old)]
    # A value that is absent and one that is null tell the same.
    changed = [name for name in names if old.get(name) != new.get(name)]
    return [
        Difference(name, _shown(old, name), _shown(new, name))
        for name in changed[:FIELDS_SHOWN_MAX]
    ]


def _leaves(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _leaves(inner, f"{name}.{key}" if name else str(key))
    elif isinstance(value, list) and any(isinstance(inner, dict | list) for inner in value):
        for place, inner in enumerate(value):
            yield from _leaves(inner, f"{name}[{place}]")
    elif value is not None or name:
        yield name, value


def _shown(leaves: dict[str, Any], name: str) -> str | None:
    value = leaves.get(name)
    if value is None:
        return None
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return text if len(text) <= VALUE_CHARACTERS_MAX else text[:VALUE_CHARACTERS_MAX] + "…"


def bounds(first: str, last: str, timezone: str) -> tuple[datetime | None, datetime | None]:
    """Return from when and until when the days of a form last; what is no day is passed over."""
    zone = ZoneInfo(timezone)
    since, until = _day(first), _day(last)
    return (
        datetime.combine(since, time.min, zone).astimezone(UTC) if since else None,
        datetime.combine(until + timedelta(days=1), time.min, zone).astimezone(UTC)
        if until
        else None,
    )


def _day(text: str) -> date | None:
    try:
        # A day that has one after it.
        return min(date.fromisoformat(text), date.max - timedelta(days=2)) if text else None
    except ValueError:
        return None


@page(AUDIT, permission="audit:read")
async def list_audit_entries(
    caller: Caller,
    request: Request,
    paging: Paging,
    who: str = "",
    subject: str = "",
    since: str = "",
    until: str = "",
) -> Response:
    """Show what was changed, the newest first; by person, subject and days."""
    before = paging.after(datetime, UUID)
    async with caller.read() as tx:
        viewer = await view(tx, caller, request)
        first, last = bounds(since, until, viewer.timezone)
        found = await audit.list_entries(
            tx,
            subject=subject,
            actor=await _actor(tx, who),
            since=first,
            until=last,
            before=before,  # type: ignore[arg-type]
            limit=paging.limit + 1,
        )
        shown = paging.page(found, key=lambda entry: (entry.at, entry.id))
        lines = await _lines(tx, shown.items)
    chosen = {"who": who, "subject": subject, "since": since, "until": until}
    kept = urlencode({name: value for name, value in chosen.items() if value})
    following = urlencode({"cursor": shown.next_cursor}) if shown.next_cursor else ""
    return PAGES.answer(
        viewer,
        "audit.html",
        lines=lines,
        chosen=chosen,
        next=f"{AUDIT}?{'&'.join(part for part in (kept, following) if part)}" if following else "",
    )


async def _actor(tx: Tx, who: str) -> str:
    """Return whom a filter means: an e-mail address, or kind and id as the journal has them."""
    if "@" not in who:
        return who
    found = await auth.account_by_email(tx, who)
    return f"staff:{found.id}" if found else "staff:nobody"


async def _lines(tx: Tx, entries: Sequence[audit.Entry]) -> list[Line]:
    ids = {
        entry.actor: UUID(entry.actor.partition(":")[2])
        for entry in entries
        if entry.actor.startswith("staff:")
    }
    members = await organization.staff_by_account(tx, list(set(ids.values())))
    accounts = await auth.accounts_by_id(tx, list(set(ids.values()) - members.keys()))
    lines = []
    for entry in entries:
        id = ids.get(entry.actor)
        name = entry.actor
        if id in members:
            name = members[id].name
        elif id in accounts:
            name = accounts[id].email
        changed = differences(msgspec.json.decode(entry.before), msgspec.json.decode(entry.after))
        lines.append(Line(entry, deed_title(entry.action), name, str(id or ""), changed))
    return lines


ROUTES = [list_audit_entries]
