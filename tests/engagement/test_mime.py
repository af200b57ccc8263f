"""What leaves as bytes is read by the library as what was meant, whatever is in it."""

from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import EmailMessage

from hypothesis import example, given
from hypothesis import strategies as st

from crosslane.engagement.service.mime import mailbox, unstructured, write_mime
from tests.engagement.mailbox import html_of, text_of

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)
SHOWN = st.text(st.characters(exclude_categories=["Cs", "Cc", "Cf"]), max_size=120)
LINE_BYTES_MAX = 998


def read(mail: bytes) -> EmailMessage:
    message = message_from_bytes(mail, policy=policy.default)
    assert isinstance(message, EmailMessage)
    assert not message.defects
    return message


def written(
    subject: str = "", to: str = "ada@example.com", text: str = "", html: str = ""
) -> bytes:
    return write_mime([("Subject", unstructured(subject)), ("To", to)], text, html)


def plain(text: str) -> str:
    """Return what may be left of a text in a header."""
    return "".join(c if c.isprintable() else " " for c in text).strip()


@given(TEXTS, TEXTS)
@example("ends without a line break", "ä" * 400)
@example("x" * 999, "y\n" + "x" * 999)
@example("a\0b", "a\tb\x0bc\x0cd")
@example(".\r\n..\r\n.", "--=_crosslane--\r\nFrom here =\r\n \t\r\n=20")
def test_both_parts_say_what_they_were_given(text: str, html: str):
    mail = written(text=text, html=html)
    assert mail.isascii()
    assert all(len(line) <= LINE_BYTES_MAX for line in mail.split(b"\r\n"))
    assert b"\n" not in mail.replace(b"\r\n", b"")
    message = read(mail)
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    shown = html.encode("ascii", "xmlcharrefreplace")
    for wanted, found in ((text.encode(), text_of(message)), (shown, html_of(message))):
        assert found.encode().splitlines() == (wanted.splitlines() or [b""])


@given(st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=LINE_BYTES_MAX))
@example("<p>\n.</p>")
def test_plain_lines_leave_as_they_are(html: str):
    assert html.replace("\n", "\r\n").encode() in written(html=html)


@given(SHOWN)
@example("Your order 000007-K is ready for pickup")
@example("Größe " * 40)
@example("=?utf-8?b?ZXZpbA==?=")
@example("x" * 2_000)
def test_a_subject_is_read_as_it_was_written(subject: str):
    mail = written(subject)
    assert all(len(line) <= LINE_BYTES_MAX for line in mail.split(b"\r\n"))
    assert read(mail)["Subject"] == plain(subject)


def test_a_plain_subject_stays_plain():
    assert b"\r\nSubject: " not in written("Your order")
    assert written("Your order").startswith(b"Subject: Your order\r\n")


@given(SHOWN)
@example("Zoë Größmann")
@example("Brown, Ada (Dr.); <evil@example.com>")
@example("Ada " * 60)
def test_a_name_is_read_as_it_was_written_but_for_what_could_end_it(name: str):
    mail = written(to=mailbox(name, "ada@example.com"))
    (found,) = read(mail)["To"].addresses
    assert found.addr_spec == "ada@example.com"
    # The newer reader of the library puts a space between two encoded words of a name.
    raw = message_from_bytes(mail, policy=policy.compat32)["To"]
    shown, _, _ = str(make_header(decode_header(raw))).rpartition("ada@example.com")
    wanted = "".join(c for c in plain(name) if c not in '"\\<>')
    assert shown.rstrip("< ").strip('"').split() == wanted.split()


@given(TEXTS, TEXTS)
@example("Ada\r\nBcc: eve@example.com", "we have it\r\n\r\n<script>")
@example('" <eve@example.com>, "', "\n")
def test_nothing_in_a_value_ends_a_header(name: str, subject: str):
    mail = written(subject, to=mailbox(name, "ada@example.com"))
    head = read(mail)
    assert set(head.keys()) == {"Subject", "To", "MIME-Version", "Content-Type"}
    assert [one.addr_spec for one in head["To"].addresses] == ["ada@example.com"]


def test_an_address_beyond_ascii_stands_as_it_is():
    mail = written(to=mailbox("Zoë", "zoë@example.com"))
    assert "zoë@example.com".encode() in mail
