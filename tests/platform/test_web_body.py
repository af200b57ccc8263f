import contextlib
import json
from datetime import date, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosslane.kernel import Refusal, UnsafeText
from crosslane.platform.web import body, decode_json, errors
from crosslane.platform.web.body import JSON_DEPTH_MAX, require_strict_json
from crosslane.platform.web.moments import holds_moments


class Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    sku: str
    quantity: int


class Order(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    lines: list[Line]
    note: str | None = None
    labels: dict[str, int] = {}


class Visit(msgspec.Struct, frozen=True):
    times: dict[str, tuple[datetime, date | None]]
    next: "Visit | None" = None


def refusal_of(raw: bytes, of: type = Order) -> Refusal:
    with pytest.raises(Refusal) as caught:
        decode_json(raw, of)
    return caught.value


def test_reads_the_declared_type():
    read = decode_json(b'{"lines":[{"sku":"A","quantity":2}],"note":"h\\u00e9"}', Order)
    assert read == Order(lines=[Line("A", 2)], note="hé")


@pytest.mark.parametrize(
    ("raw", "refusal", "pointer"),
    [
        (b"", errors.MalformedJson, ""),
        (b"{", errors.MalformedJson, ""),
        (b'{"lines":[]} x', errors.MalformedJson, ""),
        (b'{"lines":[]}{"lines":[]}', errors.MalformedJson, ""),
        (b'\xff\xfe{\x00"', errors.MalformedJson, ""),
        (b'{"lines":[],"note":"\xc3"}', errors.MalformedJson, ""),
        (b'{"lines":[],"note":"\x00"}', errors.MalformedJson, ""),
        (b'{"lines":[],"note":"\\u0000"}', UnsafeText, "/note"),
        (b'{"lines":[],"note":"\\ud800"}', UnsafeText, "/note"),
        (b'{"lines":[],"labels":{"\\udc00":1}}', UnsafeText, "/labels"),
        (b'{"lines":[],"lines":[]}', errors.DuplicateName, "/lines"),
        (b'{"lines":[{"sku":"A","quantity":1,"sku":"B"}]}', errors.DuplicateName, "/lines/0/sku"),
        (b'{"lines":[{"sku":"A","quantity":NaN}]}', errors.NumberOutOfRange, "/lines/0/quantity"),
        (b'{"lines":[{"sku":"A","quantity":-Infinity}]}', errors.NumberOutOfRange, None),
        (b'{"lines":[{"sku":"A","quantity":1E+1000000}]}', errors.NumberOutOfRange, None),
        (b'{"lines":[{"sku":"A","quantity":1e-1000000}]}', errors.NumberOutOfRange, None),
        (b'{"labels":{"a/b":9223372036854775808}}', errors.NumberOutOfRange, "/labels/a~1b"),
        (b'{"lines":[{"sku":"A","quantity":' + b"9" * 5000 + b"}]}", errors.NumberOutOfRange, None),
        (b"[" * 100_000, errors.JsonTooDeep, ""),
        (b'{"a":' * 100_000, errors.JsonTooDeep, ""),
        (b'{"lines":[{"sku":"A","quantity":"2"}]}', errors.InvalidField, "/lines/0/quantity"),
        (b'{"lines":[{"sku":"A"}]}', errors.InvalidField, "/lines/0/quantity"),
        (b'{"lines":[],"colour":1}', errors.InvalidField, "/colour"),
        (b'{"lines":[],"labels":{"x":"1"}}', errors.InvalidField, "/labels"),
        (b"[]", errors.InvalidField, ""),
        (b"null", errors.InvalidField, ""),
    ],
)  # fmt: skip
def test_refuses(raw, refusal, pointer):
    found = refusal_of(raw)
    assert type(found) is refusal
    if pointer is not None:
        assert found.pointer == pointer


PIECES = (
    *(b"{", b"}", b"[", b"]", b":", b",", b" ", b"\t", b"\x00", b"\xff", b"\xef\xbb\xbf"),
    *(b'"a"', b'"b"', b'"a:b"', b'"\\n"', b'"\\:"', b'"\x01"', b'"\\u003a"', b'"\\ud800"'),
    *(b'"h\xc3\xa9"', b'"a":', b'"b":1,', b'{"a":1,"a":2}', b'{"a":"b:c"}', b"[1]", b'"', b"//"),
    *(b"1", b"-1", b"01", b"-", b"1.", b".5", b"1.50", b"1e5", b"1E999", b"true", b"nul", b"NaN"),
    *(b"9" * 18, b"9" * 19, b"9" * 20, b"0." + b"3" * 120),
)  # fmt: skip
written = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)


def spelled(value: object, ascii: bool) -> bytes:
    return json.dumps(value, ensure_ascii=ascii).encode(errors="surrogatepass")


@given(
    st.lists(st.sampled_from(PIECES), max_size=9).map(b"".join)
    | st.builds(spelled, written, st.booleans())
)
def test_what_passes_at_a_glance_passes_a_closer_look(raw):
    if body._is_plain(raw):
        body._look_closely(raw)


@given(st.dictionaries(st.text("abc:", max_size=3), st.integers(-9, 9) | st.text("x:,{}")))
def test_a_name_that_comes_twice_is_seen_at_a_glance(value):
    raw = json.dumps(value).encode()
    assert body._is_plain(raw)
    for name in value:
        again = raw.removesuffix(b"}") + b"," + json.dumps({name: 1}).encode().removeprefix(b"{")
        assert not body._is_plain(again)
        with pytest.raises(errors.DuplicateName):
            body._look_closely(again)


def test_brackets_inside_text_are_no_depth():
    note = "[" * 10_000 + '\\"{"[{'
    assert decode_json(json.dumps({"lines": [], "note": note}).encode(), Order).note == note


@pytest.mark.parametrize(("levels", "taken"), [(JSON_DEPTH_MAX, True), (JSON_DEPTH_MAX + 1, False)])
def test_depth_is_counted_exactly(levels, taken):
    raw = b"[" * levels + b"]" * levels
    if taken:
        require_strict_json(raw)
    else:
        with pytest.raises(errors.JsonTooDeep):
            require_strict_json(raw)


@pytest.mark.parametrize(
    ("text", "taken"),
    [
        ("2011-01-04T09:30:00Z", True),
        ("2011-01-04T09:30:00.5+05:30", True),
        ("1900-01-01T00:00:00Z", True),
        ("2199-12-31T23:59:59Z", True),
        ("2011-01-04T09:30:00", False),
        ("0001-01-01T00:00:00+14:00", False),
        ("9999-12-31T23:59:59-14:00", False),
        ("1899-12-31T23:59:59Z", False),
        ("2200-01-01T00:00:00Z", False),
    ],
)
def test_times_carry_an_offset_and_lie_where_arithmetic_is_safe(text, taken):
    inner = {"times": {"a": [text, None]}}
    raw = json.dumps({"times": {"b": ["2011-01-04T00:00:00Z", "2011-01-04"]}, "next": inner})
    if taken:
        assert decode_json(raw.encode(), Visit).next.times["a"][0].tzinfo
    else:
        found = refusal_of(raw.encode(), Visit)
        assert (type(found), found.pointer) == (errors.InvalidField, "/next/times/0")


def test_days_lie_there_too():
    raw = b'{"times":{"a":["2011-01-04T09:30:00Z","9999-12-31"]}}'
    assert type(refusal_of(raw, Visit)) is errors.InvalidField


def test_a_body_without_times_is_not_searched_for_them():
    assert holds_moments(Visit)
    assert holds_moments(list[date])
    assert not holds_moments(Order)


safe_text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | safe_text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(safe_text, inner, max_size=4),
    max_leaves=20,
)


@given(json_values)
def test_takes_every_value_that_json_can_hold_safely(value):
    assert msgspec.json.decode(json.dumps(value).encode()) == decode_json(
        json.dumps(value, ensure_ascii=False).encode(), object
    )


@given(st.binary(max_size=200) | st.text(alphabet='[]{}",:\\u0d8e19.-+nultrfase ').map(str.encode))
def test_never_fails_otherwise_than_by_refusing(raw):
    with contextlib.suppress(Refusal):
        assert isinstance(decode_json(raw, Order), Order)
