"""What several resources of a shop have in common: instants, versions, amounts, links."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from crosslane.channels.adapters.branches import Branch
from crosslane.channels.adapters.family import Context, version_of
from crosslane.channels.domain.reports import Notice
from crosslane.kernel import MILLI_PER_MINOR, rounded_ratio

GMT = "UTC"
TITLE_CHARACTERS_MAX = 500
TOPIC_CHARACTERS_MAX = 60
NUMBER_CHARACTERS_MAX = 38
_PATH = re.compile(r"/wc(?:-[a-z]+)?/v\d+/([^?#&]*)")


def identity(branch: Branch, context: Context, *, prefix: str = "") -> dict[str, Any]:
    """Return number, version and instant of a resource, as every message names them.

    Shops count no versions: it is the instant of the last change in milliseconds, or that it was
    made at; of a resource that tells neither it is always 1.
    """
    changed = instant(branch, context, "date_modified")
    made = instant(branch, context, "date_created")
    told = changed or made
    return {
        "source_id": prefix + branch.needed("id"),
        "source_version": version_of(told) if told else 1,
        "event_at": made or changed or context.received_at,
        "channel": context.channel,
    }


def instant(branch: Branch, context: Context, name: str) -> Any:
    """Return an instant, told in GMT or in the shop's own time; None when it is in neither."""
    told = told_as(branch, name)
    return branch.moment(told, zone=context.timezone if told == name else GMT)


def told_as(branch: Branch, name: str) -> str:
    """Return by which of its two names an instant is told: in GMT, else in the shop's own time."""
    gmt = f"{name}_gmt"
    return name if branch.peek(gmt) in (None, "") else gmt


def number_of(branch: Branch, *names: str) -> str:
    """Return the first of several numbers; nought is none."""
    for name in names:
        if branch.peek(name) not in (None, "", 0, "0"):
            return branch.text(name)
    return ""


def minor_of(branch: Branch, name: str, currency: str) -> int | None:
    """Return an amount; one that is finer than a minor unit is rounded, and kept as it was told."""
    return branch.rounded_minor(name, currency)


def sum_minor(branch: Branch, names: Sequence[str], currency: str) -> int:
    """Return the sum of amounts, rounded once; each of them is kept as it was told."""
    plain = branch.unread()
    milli = sum([plain.milli(name, currency, 0) or 0 for name in names])
    return rounded_ratio(milli, 1, MILLI_PER_MINOR)


def links_of(
    resource: Mapping[str, Any], names: Sequence[str] = ("collection", "self", "item", "about")
) -> Iterator[list[str]]:
    """Yield the paths a resource links to, step by step; those to itself without its own number.

    Args:
        resource: as decoded.
        names: of the links; those when none are told say what it is.
    """
    links = resource.get("_links")
    if not isinstance(links, dict):
        return
    for name in names:
        first = next(iter(links[name]), None) if isinstance(links.get(name), list) else None
        href = first.get("href") if isinstance(first, dict) else None
        found = _PATH.search(href) if isinstance(href, str) else None
        if found is not None:
            steps = [step for step in found[1].split("/") if step]
            yield steps[:-1] if name in ("self", "item") else steps


def notice(branch: Branch, context: Context, topic: str) -> Notice:
    """Return a resource that asks nothing of the hub.

    Args:
        branch: the resource.
        context: where it comes from.
        topic: what it is, as the shop's API calls it.
    """
    names = [n for n in ("id", "slug", "code", "download_id") if branch.peek(n) not in (None, "")]
    words = ("title", "name", "code", "note", "label", "message", "description")
    title = next((word for n in words if isinstance(word := branch.peek(n), str) and word), "")
    number = str(branch.peek(names[0])) if names else branch.at.strip("/") or "one"
    changed = instant(branch, context, "date_modified")
    made = instant(branch, context, "date_created")
    told = changed or made
    return Notice(
        source_id=f"{topic[:TOPIC_CHARACTERS_MAX]}/{number[:NUMBER_CHARACTERS_MAX]}",
        source_version=version_of(told) if told else 1,
        event_at=made or changed or context.received_at,
        channel=context.channel,
        topic=topic[:TOPIC_CHARACTERS_MAX],
        title=title[:TITLE_CHARACTERS_MAX],
    )
