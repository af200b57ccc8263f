"""All rules, one after the other."""

from crosslane.channels.adapters import FAMILIES, Family
from crosslane.kit.fetching import check_fetching
from crosslane.kit.fuzzing import check_fuzzing
from crosslane.kit.reading import check_reading
from crosslane.kit.report import Report
from crosslane.kit.samples import Samples
from crosslane.kit.shuffling import check_shuffling
from crosslane.kit.signing import check_signing
from crosslane.kit.streams import check_streams
from crosslane.kit.telling import check_telling


def check_family(family: Family, samples: Samples, *, long: bool = False) -> Report:
    """Try a family by every rule.

    Args:
        family: which.
        samples: what its channels send and are told.
        long: damage more, deliver in 10,000 orders, send a gigabyte, measure.
    """
    reads, checks, brings = check_reading(family, samples)
    checks.append(check_shuffling(family, reads, long=long))
    checks.append(check_fuzzing(family, reads, long=long))
    checks += check_signing(family, samples)
    told, tells, lacks = check_telling(family, samples)
    checks += told
    checks += check_fetching(family, samples.fetches)
    checks += check_streams(family, reads, long=long)
    package = {one.family: one.package for one in FAMILIES.packages}.get(family.name, "")
    return Report(
        family=family.name,
        package=package,
        long=long,
        checks=tuple(checks),
        brings=brings,
        tells=tells,
        lacks=lacks,
        fetches=_fetched(family),
    )


def _fetched(family: Family) -> str:
    """Return what is fetched, in words; "" for nothing."""
    return "" if family.fetches is None else family.fetches.note or "what is new"
