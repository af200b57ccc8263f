"""Forms with files: what browsers send in parts, and what nobody may send."""

from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosslane.platform.web.errors import MalformedRequest
from crosslane.platform.web.form import (
    FORM_BYTES_MAX,
    PARTS_MAX,
    Form,
    read_arriving,
    read_upload,
)


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


async def read_in_blocks(body: bytes, size: int) -> tuple[Form, str, bytes]:
    """Read a form with a file while it arrives, so many bytes at a time."""

    async def blocks() -> AsyncIterator[bytes]:
        for begin in range(0, len(body), size):
            yield body[begin : begin + size]
            yield b""

    arriving = await read_arriving(blocks(), "XyZ")
    return arriving.form, arriving.name, b"".join([part async for part in arriving.content])


async def test_a_file_may_be_read_while_it_arrives():
    content = b"a\r\n--XyX\r\n--Xy" * 20
    told = ('name="file"; filename="C:\\\\day.xml"', content)
    body = sent(('name="channel"', b"till"), ('name="_wish"', b"w"), told)
    for size in (1, 7, 64, len(body)):
        form, name, found = await read_in_blocks(body, size)
        assert (form.text("channel"), form.text("_wish"), name) == ("till", "w", "day.xml")
        assert found == content


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"name=value",
        sent(('name="a"', b"1")),
        sent(('name="a"', b"\xff"), ('name="b"; filename="b"', b"1")),
        sent(('name="a"', b"\x00"), ('name="b"; filename="b"', b"1")),
        sent(('name="b"; filename="\x00"', b"1")),
        sent(('name="b"; filename="b"', b"1"), ('name="a"', b"1")),
        sent(('name="b"; filename="b"', b"1"))[:-6],
        sent(('name="a"', b"1" * (FORM_BYTES_MAX + 1)), ('name="b"; filename="b"', b"1")),
    ],
)
async def test_what_is_no_form_with_a_file_at_its_end_is_refused(body: bytes):
    with pytest.raises(MalformedRequest):
        await read_in_blocks(body, 64 << 10)


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
