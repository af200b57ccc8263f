"""Rules about deliveries: who signs, who only asks, and what headers say."""

from collections.abc import Iterator, Mapping

from crosslane.channels.adapters import Envelope, Family
from crosslane.kit.report import Check, Finding
from crosslane.kit.samples import Delivery, Samples

WRONG = "another secret, of nobody"
STRANGE = ("", " ", "=", "é" * 50, "\udcff", "a" * 100_000, "0", "null", "sha256=", "v1,", "\x00")


def check_signing(family: Family, samples: Samples) -> list[Check]:
    """Try every signed delivery, and every way in which one may not be."""
    findings = []
    if family.verify is None:
        if samples.deliveries:
            findings.append(Finding(samples.deliveries[0].name, "is signed; nobody looks"))
        signed = Check.of("signature", "senders do not sign", findings)
    elif not samples.deliveries:
        unshown = [Finding("kit.json", "no delivery shows the signature that is declared")]
        signed = Check.of("signature", "nothing was tried", [], unshown)
    else:
        tried = [found for one in samples.deliveries for found in _tried(family, one)]
        findings = [Finding(where, what) for where, what, wrong in tried if wrong]
        signed = Check.of("signature", f"{len(tried)} deliveries", findings)
    return [signed, _check_headers(family, samples), _check_pings(family, samples)]


def _tried(family: Family, one: Delivery) -> Iterator[tuple[str, str, bool]]:
    """Yield (delivery, what is wrong, whether it is)."""
    ways: list[tuple[str, bool, Mapping[str, str], bytes, list[str]]] = [
        ("is not taken as signed", True, one.headers, one.body, [one.secret]),
        (
            "is refused while its secret is the former one",
            True,
            one.headers,
            one.body,
            [WRONG, one.secret],
        ),
        (
            "is refused while its secret is the next one",
            True,
            one.headers,
            one.body,
            [one.secret, WRONG],
        ),
        ("is taken with another secret", False, one.headers, one.body, [WRONG]),
        ("is taken without a secret", False, one.headers, one.body, []),
        ("is taken with other bytes", one.keyed, one.headers, one.body + b" ", [one.secret]),
        ("is taken without headers", False, {}, one.body, [one.secret]),
    ]
    for what, good, headers, body, secrets in ways:
        yield one.name, what, _verify(family, one, headers, body, secrets) is not good
    needed = [
        name
        for name in one.headers
        if not _verify(family, one, _without(one.headers, name), one.body, [one.secret])
    ]
    if not needed:
        yield one.name, "is taken whichever header is missing", True
    for name in needed:
        for value in STRANGE:
            headers = {**one.headers, name: value}
            answer = _verify(family, one, headers, one.body, [one.secret])
            yield one.name, f"{name} {value[:20]!r}: {answer!r}", answer is not False


def _verify(
    family: Family, one: Delivery, headers: Mapping[str, str], body: bytes, secrets: list[str]
) -> object:
    try:
        return family.is_signed(headers, body, secrets, one.settings)
    except Exception as error:
        return error


def _without(headers: Mapping[str, str], name: str) -> dict[str, str]:
    return {key: value for key, value in headers.items() if key != name}


def _check_headers(family: Family, samples: Samples) -> Check:
    """Headers are anybody's: whatever they are, what they say is bounded and no failure."""
    findings, tried = [], 0
    for name in sorted(family.headers | {"content-type"}):
        if name != name.lower():
            findings.append(Finding(name, "names of headers are in lower case"))
        for value in STRANGE:
            tried += 1
            try:
                found = family.envelope({name: value})
            except Exception as error:
                findings.append(Finding(name, f"{value[:20]!r}: {type(error).__name__}: {error}"))
                continue
            if not isinstance(found, Envelope):
                findings.append(Finding(name, f"is read as {found!r}"))
    for one in samples.deliveries:
        tried += 1
        first, again = family.envelope(one.headers), family.envelope(dict(one.headers))
        if first != again:
            findings.append(Finding(one.name, "is called otherwise when it comes again"))
    return Check.of("headers", f"{tried} tried", findings)


def _check_pings(family: Family, samples: Samples) -> Check:
    if family.pings is None:
        return Check.of("pings", "nobody asks", [])
    findings = [
        Finding(ping[:40].decode("utf-8", "replace"), "is no ping")
        for ping in samples.pings
        if not family.pings(ping)
    ]
    findings += [
        Finding(one.name, "is taken for a ping")
        for one in samples.streams
        if one.raw not in samples.pings and family.pings(one.raw)
    ]
    unshown = [] if samples.pings else [Finding("kit.json", "no ping shows what is declared")]
    return Check.of("pings", f"{len(samples.pings)} tried", findings, unshown)
