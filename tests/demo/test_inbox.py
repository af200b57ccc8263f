"""The mail server of the demo, spoken to by the library that Crosslane sends with."""

from email.message import EmailMessage

import aiosmtplib

from crosslane.demo.inbox import Inbox


def letter(subject: str, text: str, *, id: str) -> EmailMessage:
    mail = EmailMessage()
    mail["Subject"], mail["From"], mail["To"] = subject, "shop@example.com", "ann@example.com"
    mail["Message-ID"] = id
    mail.set_content(text)
    mail.add_alternative("<p>" + text.replace("\n", "<br>") + "</p>", subtype="html")
    return mail


async def test_messages_are_counted_and_pickup_codes_read() -> None:
    inbox = Inbox()
    ready = "Hello Zoë\n\n.hidden dot\nYour pickup code: 483920\nStore: York £\n"
    async with (
        inbox.opened() as address,
        aiosmtplib.SMTP(hostname="127.0.0.1", port=int(address.rpartition(":")[2])) as sender,
    ):
        for mail in (
            letter("Your order 000007-K", "Thank you", id="<1@x>"),
            letter("Your order 000007-K is ready for pickup", ready, id="<2@x>"),
            letter("Your order 000007-K is ready for pickup", ready, id="<2@x>"),
        ):
            await sender.send_message(mail)
    assert inbox.count == 3
    assert inbox.message_ids == {b"<1@x>", b"<2@x>"}
    assert inbox.pickup_codes == {"000007-K": "483920"}


async def test_a_message_arrives_as_it_was_written() -> None:
    taken: list[bytes] = []
    inbox = Inbox()
    inbox.take = taken.append
    written = [b"\r\n", b"..\r\n.\r\n", b".one\r\n\r\n..two\r\n\r\n", b"x" * 200_000 + b"\r\n"]
    async with (
        inbox.opened() as address,
        aiosmtplib.SMTP(hostname="127.0.0.1", port=int(address.rpartition(":")[2])) as sender,
    ):
        for content in written:
            await sender.sendmail("shop@example.com", ["ann@example.com"], content)
    assert taken == written
