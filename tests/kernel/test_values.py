import os
import time
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosslane.kernel import (
    BadCursor,
    BadInstant,
    InstantOutOfRange,
    NotFound,
    QuantityOutOfRange,
    UnsafeText,
    decode_cursor,
    encode_cursor,
    format_instant,
    matching,
    minute_of,
    new_id,
    new_ids,
    order_number,
    parse_instant,
    parse_order_number,
    require_instant,
    require_quantity,
    require_safe_text,
)
from crosslane.kernel.ids import NUMBER_ALPHABET, BadOrderNumber


def test_new_ids_are_unique_version_7_and_sort_by_the_order_they_were_made_in():
    started = time.time_ns() // 1_000_000
    made = [new_id() for _ in range(20_000)] + new_ids(20_000) + [new_id(), *new_ids(0), new_id()]
    assert len(set(made)) == len(made)
    assert {i.version for i in made} == {7}
    assert {i.variant for i in made} == {"specified in RFC 4122"}
    assert made == sorted(made)
    assert started <= made[0].int >> 80


def test_new_ids_still_sort_when_the_clock_is_set_back(monkeypatch: pytest.MonkeyPatch):
    before = new_id()
    monkeypatch.setattr(time, "time_ns", lambda: 0)
    assert before < new_id() < new_id()
    first, second = new_ids(2)
    assert before < first < second < new_id()


def test_a_child_does_not_go_on_with_the_randomness_of_its_parent():
    new_id()
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.write(writing, new_id().bytes)
        os._exit(0)
    os.waitpid(child, 0)
    theirs, ours = UUID(bytes=os.read(reading, 16)), new_id()
    assert (theirs.int ^ ours.int) & (2**62 - 1)


@given(st.integers(0, 2**60))
def test_an_order_number_reads_back_however_it_is_typed(sequence):
    number = order_number(sequence)
    assert parse_order_number(number) == number
    assert parse_order_number(number.lower().replace("0", "o").replace("-", " ")) == number


@given(st.integers(0, 2**40), st.data())
def test_any_single_wrong_character_is_caught(sequence, data):
    number = order_number(sequence).replace("-", "")
    position = data.draw(st.integers(0, len(number) - 1))
    wrong = data.draw(st.sampled_from([c for c in NUMBER_ALPHABET if c != number[position]]))
    with pytest.raises(BadOrderNumber):
        parse_order_number(number[:position] + wrong + number[position + 1 :])


def test_a_cursor_brings_its_key_back_and_no_other_text_does():
    cursor = encode_cursor(17, "2011-01-04")
    assert decode_cursor(cursor, int, str) == (17, "2011-01-04")
    for damaged in ["", "!!", cursor[:-3], encode_cursor("x"), "a" * 10_000]:
        with pytest.raises(BadCursor):
            decode_cursor(damaged, int, str)


@pytest.mark.parametrize("quantity", [0, -1, 10_000_001])
def test_a_quantity_out_of_range_names_itself_and_its_field(quantity):
    with pytest.raises(QuantityOutOfRange) as refused:
        require_quantity(quantity, pointer="/lines/0/quantity")
    assert refused.value.pointer == "/lines/0/quantity"
    assert str(quantity) in refused.value.message


@pytest.mark.parametrize(
    ("value", "pointer"),
    [({"a": ["ok", "b\x00"]}, "/a/1"), ({"a/b": "\ud800"}, "/a~1b"), ("\x00", "")],
)
def test_text_that_cannot_be_stored_is_refused_with_its_place(value, pointer):
    with pytest.raises(UnsafeText) as refused:
        require_safe_text(value)
    assert refused.value.pointer == pointer


def test_deep_nesting_is_no_danger_to_the_text_check():
    value: list = []
    for _ in range(100_000):
        value = [value]
    require_safe_text(value)


@pytest.mark.parametrize("text", ["EUR", "EUR\n", "\nEUR", "EURO", "eur", ""])
def test_a_text_matches_as_a_whole(text: str):
    code = Annotated[str, matching("[A-Z]{3}|", max_length=3)]
    try:
        taken = msgspec.convert(text, code) == text
    except msgspec.ValidationError:
        taken = False
    assert taken == (text in ("EUR", ""))


def test_instants_are_utc_inside_and_carry_an_offset_outside():
    moment = parse_instant("2011-01-04T10:30:00+01:00")
    assert moment == datetime(2011, 1, 4, 9, 30, tzinfo=UTC)
    assert format_instant(moment) == "2011-01-04T09:30:00Z"
    assert minute_of(moment) * 60 == int(moment.timestamp())
    with pytest.raises(BadInstant):
        parse_instant("2011-01-04T10:30:00")


@pytest.mark.parametrize(
    ("moment", "refused"),
    [
        (datetime(2011, 1, 4), BadInstant),  # noqa: DTZ001
        (datetime(1, 1, 1, tzinfo=UTC), InstantOutOfRange),
        (datetime(9999, 12, 31, tzinfo=UTC), InstantOutOfRange),
    ],
)
def test_an_instant_without_offset_or_at_the_end_of_time_is_refused(moment, refused):
    with pytest.raises(refused) as told:
        require_instant(moment, pointer="/at")
    assert told.value.pointer == "/at"
    assert require_instant(datetime(2011, 1, 4, tzinfo=UTC))


def test_a_refusal_has_a_stable_code_and_never_fails_to_be_told():
    class NoSuchThing(NotFound):
        """There is no {thing} here."""

    assert NoSuchThing(thing="hat").message == "There is no hat here."
    assert NoSuchThing().message == "There is no (thing not given) here."
    assert NoSuchThing().code == "no-such-thing"
