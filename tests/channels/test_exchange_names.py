"""Names of exchanged files: none leads out of its folder, none stands for two documents."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosslane.channels.domain.exchange import (
    Files,
    Seen,
    TableFiles,
    is_finished,
    marked,
    safe_name,
    settled,
)

SAFE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")


@given(st.text(min_size=0, max_size=300), st.integers(1, 10**9))
def test_a_name_means_nothing_but_itself(name: str, number: int):
    written = Files().name_of("bazaar", number, name)
    for one in (safe_name(name), marked(name, "mark"), written):
        assert SAFE.fullmatch(one)
        assert len(one.encode()) < 200


@given(st.lists(st.text(max_size=150), unique=True, min_size=2, max_size=8))
def test_documents_have_names_of_their_own(names: list[str]):
    for pattern in ("{name}", "{channel}-{number}.edi"):
        files = Files(name=pattern)
        written = [files.name_of("bazaar", at, one) for at, one in enumerate(names, 1)]
        again = [files.name_of("bazaar", at, one) for at, one in enumerate(names, 1)]
        assert len(set(written)) == len(written)
        assert again == written


@pytest.mark.parametrize(
    ("pattern", "usable"),
    [
        ("{name}", True),
        ("ORD_{number}.edi", True),
        ("{channel}.csv", False),
        ("same.csv", False),
        ("../{name}", False),
        (".{name}", False),
        ("{name}{date}", False),
        ("{name}{name}", False),
        ("{name", False),
    ],
)
def test_a_pattern_that_does_not_tell_documents_apart_is_refused(pattern: str, usable: bool):
    assert Files(name=pattern).is_usable is usable


def test_a_file_is_whole_when_two_looks_see_it_alike():
    still, grown, empty = Seen("a", "1", 5), Seen("b", "1", 5), Seen("c", "1", 0)
    assert settled([grown, still, empty], [Seen("b", "2", 9), empty, still]) == [still]
    assert settled([], [still]) == []


def test_a_file_of_a_name_for_unfinished_ones_is_not_taken():
    names = ["a.csv", "a.csv.part", "A.TMP", ".hidden", "~lock", "a.filepart"]
    assert [name for name in names if is_finished(name)] == ["a.csv"]


def test_the_first_pattern_that_fits_says_what_a_table_means():
    files = Files(tables=(TableFiles("stock-*.csv", "stock"), TableFiles("*", "orders")))
    assert files.mapping_of("stock-1.csv") == "stock"
    assert files.mapping_of("other.csv") == "orders"
    assert Files().mapping_of("stock-1.csv") == ""
