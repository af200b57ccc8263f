import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosslane.platform.tokens import KEY, SESSION, new_token, parse_token
from crosslane.platform.web import Rate, Throttle, errors, etag
from crosslane.platform.web.answers import version_of
from crosslane.platform.web.binding import read_query
from crosslane.platform.web.problems import pointer_of
from crosslane.platform.web.trace import trace_id, traceparent

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.mark.parametrize(
    ("header", "kept"),
    [
        (f"00-{TRACE}-00f067aa0ba902b7-01", True),
        (f"cc-{TRACE}-00f067aa0ba902b7-01-future", True),
        (f"00-{TRACE}-00f067aa0ba902b7-01-more", False),
        (f"ff-{TRACE}-00f067aa0ba902b7-01", False),
        (f"00-{TRACE.upper()}-00f067aa0ba902b7-01", False),
        (f"00-{'0' * 32}-00f067aa0ba902b7-01", False),
        (f"00-{TRACE}-{'0' * 16}-01", False),
        ("", False),
        ("x" * 9000, False),
    ],
)
def test_trace_id_is_kept_when_it_is_valid(header, kept):
    trace = trace_id(header)
    assert (trace == TRACE) is kept
    assert len(trace) == 32
    assert trace_id(traceparent(trace)) == trace


def test_a_bucket_lets_a_burst_through_and_then_the_rate():
    throttle = Throttle(Rate(per_second=2, burst=3))
    assert [throttle.wait_seconds("a", 100.0) for _ in range(4)] == [0, 0, 0, 0.5]
    assert throttle.wait_seconds("b", 100.0) == 0
    assert throttle.wait_seconds("a", 100.5) == 0
    assert throttle.wait_seconds("a", 100.5) == 0.5


@given(st.lists(st.floats(0, 10), max_size=60), st.floats(0.1, 5), st.integers(1, 5))
def test_no_caller_ever_gets_more_than_burst_and_rate(gaps, per_second, burst):
    throttle, now, passed = Throttle(Rate(per_second=per_second, burst=burst)), 0.0, 0
    for gap in gaps:
        now += gap
        passed += throttle.wait_seconds("a", now) == 0
    assert passed <= burst + now * per_second + 1e-6


def test_tokens_are_read_as_they_were_made():
    for kind in (KEY, SESSION):
        token = new_token(kind, "ab12cd34ef")
        assert parse_token(str(token)) == token
        assert token.secret not in repr(token)
        assert len(token.digest) == 32


@given(st.text())
def test_other_texts_are_no_tokens(text):
    assert parse_token(text) is None


@pytest.mark.parametrize(
    "text", ['v1"', '"v1', '"v"', '"v-1"', '"v1", "v2"', 'W/"v1"', "*", '"v١"']
)
def test_if_match_must_be_one_of_our_tags(text):
    with pytest.raises(errors.InvalidHeader):
        version_of(text)


@given(st.integers(0, 10**18 - 1))
def test_a_version_survives_its_tag(version):
    assert version_of(etag(version)) == version


@pytest.mark.parametrize(
    ("path", "pointer"),
    [
        ("$.lines[0].sku", "/lines/0/sku"),
        ("$[3]", "/3"),
        ("$.labels[...]", "/labels"),
        ("$.labels[...].deep", "/labels"),
        ("", ""),
    ],
)
def test_msgspec_paths_become_pointers(path, pointer):
    assert pointer_of(path) == pointer


@pytest.mark.parametrize("raw", [b"a=%ff", b"\xff=1", b"&".join([b"a=1"] * 101)])
def test_queries_that_cannot_be_read_are_refused(raw):
    with pytest.raises(errors.MalformedRequest):
        read_query(raw)
