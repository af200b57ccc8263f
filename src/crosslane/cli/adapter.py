"""`crosslane adapter`: begin an adapter, and prove one."""

import sys
from pathlib import Path

import msgspec
from rich.console import Console
from rich.text import Text

from crosslane.channels import family_of
from crosslane.kit import Check, Report, check_family, fixtures_of, load_samples, new_package

FAILED = 1
COLORS = {"passed": "green", "failed": "bold red", "unshown": "yellow", "told": "cyan"}


def new(name: str, *, dir: Path | None = None) -> None:
    """Write a package with an adapter that works, to be made into yours.

    Args:
        name: of the family: small letters, digits and hyphens.
        dir: folder to write it into; one of the family's name, here, when absent.
    """
    folder = new_package(name, dir or Path(name))
    sys.stdout.write(
        f"{folder} is written. Install it where Crosslane is, then prove it:\n"
        f"  python -m pip install --no-deps --no-build-isolation -e {folder}\n"
        f"  crosslane adapter check {name}\n"
    )


def check(
    name: str, *, fixtures: Path | None = None, short: bool = False, json: Path | None = None
) -> None:
    """Try an adapter by every rule; ends with status 1 when one is broken.

    Args:
        name: of the family.
        fixtures: folder of them; that of the family's own package when absent.
        short: the short form, as in continuous integration: seconds instead of minutes.
        json: file to write the report to.
    """
    family = family_of(name, pointer="")
    report = check_family(family, load_samples(fixtures or fixtures_of(name)), long=not short)
    if json is not None:
        json.write_bytes(msgspec.json.format(msgspec.json.encode(report)) + b"\n")
    _print(report)
    if not report.passed:
        sys.exit(FAILED)


def _print(report: Report) -> None:
    console = Console(soft_wrap=True)
    for one in report.checks:
        console.print(_line(one))
        for finding in one.findings:
            console.print(Text(f"         {finding.where}: {finding.what}"))
        if one.more:
            console.print(Text(f"         and {one.more} more"))
    for way, capabilities in (("brings", report.brings), ("tells", report.tells)):
        if capabilities:
            told = ", ".join(f"{one.kind} ({one.shown})" for one in capabilities)
            console.print(Text(f"{way}: {told}"))
    for name, instead in report.lacks.items():
        console.print(Text(f"lacks: {name}: {instead}"))
    broken = sum(one.state == "failed" for one in report.checks)
    form = "long form" if report.long else "short form"
    told = f"{broken} rules are broken" if broken else "every rule is kept"
    if not (report.passed or broken):
        told += ", and not everything that is declared is shown"
    console.print(Text(f"{report.family}: {told} ({form})"))


def _line(one: Check) -> Text:
    return Text.assemble(
        (f"{one.state:8}", COLORS[one.state]), (f" {one.rule}: ", "bold"), one.detail
    )
