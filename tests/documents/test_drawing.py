"""What stands on paper: everything, in order, over as many pages as it takes."""

import base64
import re
import zlib
from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from crosslane.documents import Document
from crosslane.documents.domain import (
    Buyer,
    Content,
    Line,
    Reference,
    Seller,
    taxes_of,
)
from crosslane.documents.service.drawing import draw

ISSUED = datetime(2026, 3, 2, 9, tzinfo=UTC)
LONG = "Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichen aus Messing, vergoldet"


def document(
    lines: list[Line], *, kind="invoice", locale="en-GB", currency="GBP", buyer=None, vat=True
) -> Document:
    net, tax = sum(line.net_minor for line in lines), sum(line.tax_minor for line in lines)
    references = [Reference("MF-7", date(2026, 2, 3))] if kind == "credit_note" else []
    return Document(
        id=UUID(int=1),
        number="MF-12",
        kind=kind,
        entity_id=UUID(int=2),
        channel_id=UUID(int=3),
        order_id=UUID(int=4),
        customer_id=None,
        cause_kind="orders.LinesHandedOver",
        cause_id="order:4#3",
        locale=locale,
        currency=currency,
        net_minor=net,
        tax_minor=tax,
        gross_minor=net + tax,
        content=Content(
            seller=Seller(
                name="Marlow & Finch Ltd",
                address=["7 Wharf Road", "Derby"],
                country="GB",
                vat_numbers=["GB980780684"] if vat else [],
            ),
            brand="Marlow",
            order_number="000142-K",
            ordered_on=date(2026, 2, 1),
            issued_on=date(2026, 3, 2),
            supplied_on=date(2026, 3, 1),
            net_prices=False,
            lines=lines,
            taxes=taxes_of(lines),
            references=references,
        ),
        buyer=Buyer(["Ada Brown", "12 High Street"] if buyer is None else buyer),
        occurred_at=ISSUED,
        issued_at=ISSUED,
        kept_until=date(2036, 12, 31),
    )


def line(n: int, title="Red mug", *, net=1_000, rate=2000, part_of="", kind="") -> Line:
    return Line(
        ref_id=UUID(int=n),
        title=title,
        sku="" if kind else f"SKU{n}",
        part_of=part_of,
        charge_kind=kind,
        quantity=0 if kind else 2,
        net_minor=net,
        tax_minor=net * rate // 10_000,
        tax_rate_bp=rate,
        jurisdiction="GB",
    )


def pages(pdf: bytes) -> list[str]:
    """Return the text of each page of a document in the fonts every reader has."""
    found = []
    for stream in re.findall(rb"stream\r?\n(.*?)endstream", pdf, re.DOTALL):
        packed = stream.strip()
        told = zlib.decompress(base64.a85decode(packed.removesuffix(b"~>"))).decode("latin-1")
        texts = re.findall(r"\((.*?)(?<!\\)\) Tj", told, re.DOTALL)
        found.append("\n".join(_plain(text) for text in texts))
    return found


def _plain(text: str) -> str:
    octal = re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), text)
    plain = re.sub(r"\\(.)", r"\1", octal).encode("latin-1").decode("cp1252")
    return plain.replace("\u00a0", " ")


def test_an_invoice_tells_everything_the_law_asks_for():
    drawn = draw(
        document([line(1), line(2, "Bible", rate=0), line(3, "", net=329, kind="shipping")])
    )
    (page,) = pages(drawn)
    for told in (
        *("Invoice", "MF-12", "2 March 2026", "1 March 2026", "000142-K"),
        *("Marlow & Finch Ltd", "7 Wharf Road", "VAT no. GB980780684", "Ada Brown"),
        *("Red mug", "SKU1", "£5.00", "20%", "£10.00", "£12.00", "Delivery"),
        *("Net total", "£23.29", "VAT at 20%", "on £13.29", "£2.65", "VAT at 0%", "£0.00"),
        *("Total", "£25.94", "Page 1 of 1"),
    ):
        assert told in page.split("\n"), told


def test_a_credit_note_speaks_german_and_names_its_invoice():
    told = document([line(1, LONG, rate=1900)], kind="credit_note", locale="de-DE", currency="EUR")
    (page,) = pages(draw(told))
    assert "Rechnungskorrektur" in page
    assert "Zu Rechnung MF-7 vom 3. Februar 2026." in page
    assert "11,90 €" in page
    assert "19 %" in page
    assert "USt-IdNr. GB980780684" in page
    # A word that is too long is broken, never lost.
    assert LONG.split()[0] in page.replace("\n", "")


@pytest.mark.parametrize("count", [1, 7, 8, 9, 10, 11, 12, 40, 300])
def test_many_lines_go_over_pages_and_none_is_lost(count):
    told = pages(draw(document([line(n, f"Article {n:03}") for n in range(count)])))
    assert re.findall(r"Article (\d+)", "\n".join(told)) == [f"{n:03}" for n in range(count)]
    for number, page in enumerate(told, 1):
        assert f"Page {number} of {len(told)}" in page
        assert "Article" in page
    assert "Net total" in told[-1]
    assert all("Net total" not in page for page in told[:-1])


def test_a_copy_for_who_has_a_link_leaves_out_the_address():
    (page,) = pages(draw(document([line(1)]), copy=True))
    assert "Ada Brown" in page
    assert "12 High Street" not in page
    assert "leaves out the address" in page


def test_a_bundle_is_named_once_above_its_parts():
    parts = [line(n, f"Part {n}", part_of="Tea for two") for n in (1, 2)]
    (page,) = pages(draw(document([*parts, line(3)])))
    assert page.count("Tea for two") == 1
    assert page.index("Tea for two") < page.index("Part 1") < page.index("Red mug")


def test_the_same_snapshot_is_the_same_file_in_any_script():
    strange = document([line(1, "Кружка")], buyer=["Łucja Żółć", "東京"], vat=False)
    assert draw(strange) == draw(strange)
    assert b"FontFile2" in draw(strange)
    assert "Tax at 20%" in pages(draw(document([line(1)], vat=False)))[0]
