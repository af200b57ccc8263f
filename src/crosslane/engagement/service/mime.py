"""E-mail as the wire wants it: RFC 5322 and MIME, from values whose shape is known.

The library's own message objects parse every header they are given and encode bodies letter by
letter; a message of ours needs neither. Nothing in a value can end a header early: what cannot be
printed is left out.
"""

from binascii import b2a_base64, b2a_qp
from collections.abc import Sequence

LINE_CHARACTERS_MAX = 78
# What fits into an encoded word of 75 characters, in bytes before Base64 makes four of three.
WORD_BYTES_MAX = 45
# In quoted-printable an equals sign is never followed by an underscore.
BOUNDARY = "=_crosslane"
LINE_BYTES_MAX = 998
# What may stand in a line as it is: printable ASCII and tabs.
PLAIN_BYTES = bytes([9, 10, 13, *range(0x20, 0x7F)])


def write_mime(headers: Sequence[tuple[str, str]], text: str, html: str) -> bytes:
    """Return an e-mail that says the same as text and as HTML.

    Args:
        headers: names with their values; of encoded words and mailboxes as :func:`unstructured` and
            :func:`mailbox` return them.
        text: in plain words.
        html: for mail programs that show it; letters beyond ASCII leave as character references.
    """
    head = [_header(name, value) for name, value in headers]
    head.append("MIME-Version: 1.0")
    head.append(f'Content-Type: multipart/alternative; boundary="{BOUNDARY}"')
    return b"".join(
        (
            "\r\n".join(head).encode(),
            b"\r\n\r\n",
            _part("plain", text.encode()),
            # A character reference shows the same letter, and what is plain needs no encoding.
            _part("html", html.encode("ascii", "xmlcharrefreplace")),
            f"--{BOUNDARY}--\r\n".encode(),
        )
    )


def unstructured(text: str) -> str:
    """Return words for a header such as Subject, encoded when they are not plain."""
    shown = _printable(text)
    plain = shown.isascii() and "=?" not in shown
    if plain and all(len(word) < LINE_CHARACTERS_MAX for word in shown.split(" ")):
        return shown
    return " ".join(_encoded_words(shown))


def mailbox(name: str, email: str) -> str:
    """Return a mailbox for a header; what could end a name early is left out."""
    shown = "".join(c for c in _printable(name) if c not in '"\\<>').strip()
    words = unstructured(shown)
    phrase = f'"{words}"' if words == shown else words
    return f"{phrase} <{_printable(email)}>" if shown else _printable(email)


def _header(name: str, value: str) -> str:
    """Return a header, folded at its spaces where a line grows too long."""
    first, *words = _printable(value).split(" ")
    lines = [f"{name}: {first}"]
    for word in words:
        if len(lines[-1]) + 1 + len(word) > LINE_CHARACTERS_MAX:
            lines.append(f" {word}")
        else:
            lines[-1] += f" {word}"
    return "\r\n".join(lines)


def _printable(text: str) -> str:
    shown = text if text.isprintable() else "".join(c if c.isprintable() else " " for c in text)
    return shown.strip()


def _encoded_words(text: str) -> list[str]:
    """Return text as encoded words (RFC 2047); no letter is torn apart."""
    chunks = [b""]
    for letter in text:
        encoded = letter.encode()
        if len(chunks[-1]) + len(encoded) > WORD_BYTES_MAX:
            chunks.append(b"")
        chunks[-1] += encoded
    return [f"=?utf-8?b?{b2a_base64(chunk, newline=False).decode()}?=" for chunk in chunks]


def _part(subtype: str, text: bytes) -> bytes:
    lines = text.splitlines()
    # It must end with a line break: by the first one the encoder knows how lines end.
    body = b"\r\n".join(lines) + b"\r\n"
    as_it_is = (
        not body.translate(None, PLAIN_BYTES)
        and max(map(len, lines), default=0) <= LINE_BYTES_MAX
        and BOUNDARY.encode() not in body
    )
    head = (
        f"--{BOUNDARY}\r\n"
        f'Content-Type: text/{subtype}; charset="utf-8"\r\n'
        f"Content-Transfer-Encoding: {'7bit' if as_it_is else 'quoted-printable'}\r\n\r\n"
    )
    return head.encode() + (body if as_it_is else b2a_qp(body, istext=True)) + b"\r\n"
