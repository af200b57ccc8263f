"""Forms with files: what browsers send in parts, and what nobody may send."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosslane.platform.web.errors import MalformedRequest
from crosslane.platform.web.form import PARTS_MAX, Form, read_upload


def sent(*parts: tuple[str, bytes], line: str = "XyZ") -> bytes:
    """Return parts, each with what stands behind ``form-data;``, as a browser sends them."""
    told = b""
    for said, content in parts:
        told += f"--{line}\r\nContent-Disposition: form-data; {said}\r\n\r\n".encode()
        told += content + b"\r\n"
    return told + f"--{line}--\r\n".encode()


def test_fields_and_files_are_told_apart():
    body = sent(
        ('name="alt"', "Große Tasse\r\nrot".encode()),
        ('name="box"', b"a"),
        ('name="box"', b"b"),
        ('name="picture"; filename="C:\\\\fotos\\\\tasse.png"', b"\x89PNG\r\n--XyX\r\n\x00"),
    )
    form = read_upload(body, "XyZ")
    assert form.text("alt") == "Große Tasse\nrot"
    assert form.texts("box") == ["a", "b"]
    file = form.file("picture")
    assert file is not None
    assert (file.name, file.content) == ("tasse.png", b"\x89PNG\r\n--XyX\r\n\x00")
    assert form.text("picture") == ""


def test_a_field_without_a_chosen_file_has_none():
    form = read_upload(sent(('name="picture"; filename=""', b"")), "XyZ")
    assert form.file("picture") is None
    assert list(form.files("picture")) == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"--XyZ\r\n",
        sent(('name="a"', b"1"))[:-6],
        sent(("filename", b"1")),
        sent(('name="a"', b"\xff")),
        sent(('name="a"', b"\x00")),
        sent(('name="a"; filename="\x00.png"', b"1")),
        sent(*[('name="a"', b"1")] * (PARTS_MAX + 1)),
        sent((f'name="{"n" * 5_000}"', b"1")),
        b"name=value",
    ],
)
def test_what_is_no_form_is_refused(body: bytes):
    with pytest.raises(MalformedRequest):
        read_upload(body, "XyZ")


@given(st.binary(max_size=300))
def test_anything_is_a_form_or_refused(body: bytes):
    with suppress(MalformedRequest):
        assert isinstance(read_upload(body, "X"), Form)


def test_a_wish_sent_again_is_known_by_what_it_says():
    parts = ('name="_wish"', b"w"), ('name="picture"; filename="a.png"', b"1")
    first = read_upload(sent(*parts, line="one"), "one")
    again = read_upload(sent(*parts, line="two"), "two")
    other = read_upload(sent(parts[0], ('name="picture"; filename="a.png"', b"2")), "XyZ")
    assert first.fingerprint() == again.fingerprint() != other.fingerprint()
