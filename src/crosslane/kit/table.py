"""The page of what every family can: written from reports, so that it says what was shown."""

from collections.abc import Iterable, Sequence

from crosslane.kit.report import Capability, Report

HEAD = """# What channels may speak

Written by `make reference` from what the kit has seen: `tests/channels/test_kit.py` tries every
family by the rules of `crosslane adapter check`, and fails when this page says anything else. A
kind of message is *in* when a fixture brings it, *out* when a conversation with the channel's
answers tells it. *Proved besides by* names what judges it that is not ours.
"""


def table_of(reports: Iterable[Report]) -> str:
    """Return the page: a table for each family, and one of all of them."""
    known = sorted(reports, key=lambda one: one.family)
    parts = [HEAD, _overview(known)]
    parts += [_family(one) for one in known]
    return "\n".join(parts)


def _overview(reports: Sequence[Report]) -> str:
    kinds = sorted({one.kind for report in reports for one in (*report.brings, *report.tells)})
    names = [report.family for report in reports]
    lines = [f"| | {' | '.join(names)} |", f"|---|{'---|' * len(names)}"]
    for kind in kinds:
        cells = [_ways(report, kind) for report in reports]
        lines.append(f"| {kind.replace('_', ' ')} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _ways(report: Report, kind: str) -> str:
    ways = [
        name
        for name, capabilities in (("in", report.brings), ("out", report.tells))
        if any(one.kind == kind and one.shown for one in capabilities)
    ]
    return ", ".join(ways)


def _family(report: Report) -> str:
    lines = [f"## {report.family}", ""]
    if report.package:
        lines += [f"Of the package {report.package}.", ""]
    lines += ["| kind | way | what it is there | proved besides by |", "|---|---|---|---|"]
    for way, capabilities in (("in", report.brings), ("out", report.tells)):
        lines += [_row(way, one) for one in capabilities if one.shown]
    if report.fetches:
        lines += ["", f"Fetched: {report.fetches}."]
    if report.lacks:
        lines += ["", "| its channels lack | instead |", "|---|---|"]
        lines += [f"| {name} | {instead} |" for name, instead in sorted(report.lacks.items())]
    return "\n".join(lines) + "\n"


def _row(way: str, one: Capability) -> str:
    return f"| {one.kind.replace('_', ' ')} | {way} | {one.note} | {one.proof} |"
