import contextlib
import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosslane.kernel import Refusal, UnsafeText
from crosslane.platform.web import decode_json, errors
from crosslane.platform.web.body import JSON_DEPTH_MAX, require_strict_json


class Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    sku: str
    quantity: int


class Order(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    lines: list[Line]
    note: str | None = None
    labels: dict[str, int] = {}


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
