"""Of every event somebody has said whether others are told of it, and verify knows as well."""

from collections.abc import Iterator

from crosslane.app import REACTIONS
from crosslane.platform.log import Event
from crosslane.publishing import INTERNAL, PUBLIC
from crosslane.verify.publishing import EVERY_EVENT

CATALOGUE = "src/crosslane/publishing/domain/catalogue.py"


def kinds_of(event: type[Event]) -> Iterator[type[Event]]:
    """Every event of a module; the platform's own are never public."""
    for kind in event.__subclasses__():
        if kind.__subclasses__():
            yield from kinds_of(kind)
        elif kind.__module__.startswith("crosslane.") and ".platform." not in kind.__module__:
            yield kind


def unsaid(kinds: set[type[Event]]) -> list[str]:
    """Events of which nobody says whether they are public."""
    known = {kind.event for kind in PUBLIC} | INTERNAL.keys()
    return sorted(
        f"{kind.kind()}: say in {CATALOGUE} whether it is public" for kind in kinds - known
    )


def test_of_every_event_it_is_said_whether_it_is_public():
    assert REACTIONS  # every module is loaded
    assert unsaid(set(kinds_of(Event))) == []


def test_no_event_is_both_or_told_of_twice():
    known = [*(kind.event for kind in PUBLIC), *INTERNAL]
    assert len(known) == len(set(known))


def test_verify_leaves_out_what_is_internal():
    assert all(f"'{kind.kind()}'" in EVERY_EVENT for kind in INTERNAL)
    assert not any(f"'{kind.logged_as}'" in EVERY_EVENT for kind in PUBLIC)


def test_an_event_of_which_nothing_is_said_bites():
    class Unheard(Event):
        """Nobody knows of it."""

    assert len(unsaid({Unheard})) == 1
