"""Drawing a document as a PDF: pages of A4, the same bytes from the same snapshot.

The buyer stands where a window envelope shows it. Rows are set first and shared out over pages;
the sums stay together.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import lru_cache
from importlib.resources import files
from io import BytesIO

import msgspec
from babel import Locale
from babel.dates import format_date
from babel.numbers import format_decimal
from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from crosslane.documents.domain import Buyer, Line
from crosslane.documents.storage import Document
from crosslane.engagement import locale_of, show_money
from crosslane.kernel import rounded_ratio
from crosslane.platform.typesetting import (
    largest_size,
    substituted,
    typeface_for,
    wrapped,
)

WIDTH, HEIGHT = A4
LEFT, RIGHT = 57.0, WIDTH - 50.0
INK, QUIET, RULE, SOFT = (HexColor(c) for c in ("#1c2430", "#566171", "#c9d1db", "#f2f4f7"))
TOP, BUYER_TOP = HEIGHT - 56, HEIGHT - 150
# Without a buyer there is no envelope whose window wants its place.
TITLE_Y, TITLE_Y_BARE = HEIGHT - 272, HEIGHT - 160
BUYER_LINES_MAX = 8
BOTTOM, FOOTER_Y = 74.0, 46.0
# Right edges of the columns of figures, and how wide each may be.
COLUMNS = {
    "quantity": (302.0, 34.0),
    "unit_net": (368.0, 62.0),
    "rate": (412.0, 40.0),
    "net": (478.0, 62.0),
    "gross": (RIGHT, 62.0),
}
ITEM_WIDTH = 205.0
SIZE, SMALL = 9.5, 8.0
SIZES = (SIZE, 8.5, 7.5, 6.5, 5.5)
LEADING, LEADING_SMALL, ROW_GAP = 12.5, 10.5, 9.0
# Where each fact begins, and how wide it may be: the last one says most.
FACTS = ((0.0, 104.0), (112.0, 104.0), (224.0, 104.0), (336.0, 150.0))
FACT_LINES_MAX = 5


class Row(msgspec.Struct, frozen=True):
    """A row of the table, set into lines.

    Args:
        title: its lines.
        sku: "" for none.
        figures: by column.
        indent: 1 for what is part of a bundle.
        heading: a bundle's own row, without figures.
    """

    title: list[str]
    sku: str
    figures: Mapping[str, str]
    indent: float = 0.0
    heading: bool = False

    @property
    def height(self) -> float:
        """Points it takes, with the gap below it."""
        return len(self.title) * LEADING + (LEADING_SMALL if self.sku else 0) + ROW_GAP


def draw(document: Document, *, copy: bool = False) -> bytes:
    """Return a document as a PDF; the same document always gives the same bytes.

    Args:
        document: which.
        copy: of the buyer it shows the name alone, and says so.
    """
    if not copy:
        return _Drawing(document, "").drawn()
    named = msgspec.structs.replace(document, buyer=Buyer(document.buyer.lines[:1]))
    return _Drawing(named, "note_copy").drawn()


class _Drawing:
    """One document being drawn."""

    def __init__(self, document: Document, note: str) -> None:
        self.document, self.content = document, document.content
        self.locale = locale_of(document.locale)
        self.words = _words(self.locale.language)
        self.note = self.words[note] if note else ""
        self.face = typeface_for(_texts(document))
        self.buffer = BytesIO()
        self.title = f"{self.words[document.kind]} {document.number}"
        self.canvas = Canvas(
            self.buffer,
            pagesize=A4,
            invariant=True,
            pageCompression=1,
            lang=self.locale.language,
        )
        self.canvas.setTitle(self.title)
        self.canvas.setAuthor(self.content.seller.name)
        self.title_y = TITLE_Y if document.buyer.lines else TITLE_Y_BARE
        self.taxed = "" if self.content.seller.vat_numbers else "_tax"

    def drawn(self) -> bytes:
        facts = self._facts()
        facts_height = max(len(lines) for _, lines in facts) * LEADING + 22
        first = self.title_y - 30 - facts_height - 22
        sums = self._sums()
        pages = _paginated(self._rows(), first, TOP - 40, len(sums) * 17.0 + 64)
        for number, rows in enumerate(pages, 1):
            if number == 1:
                self._head(facts)
                y = first
            else:
                self._text(self.title, LEFT, TOP, 11, bold=True)
                self._text(self.words["continued"], RIGHT, TOP, SMALL, ink=QUIET, right=True)
                y = TOP - 40
            y = self._table(rows, y)
            if number == len(pages):
                self._summary(sums, y)
            self._foot(number, len(pages))
            self.canvas.showPage()
        self.canvas.save()
        return self.buffer.getvalue()

    def _head(self, facts: Sequence[tuple[str, list[str]]]) -> None:
        seller = self.content.seller
        size = largest_size(self._shown(self.content.brand), self.face.bold, (18, 15, 12, 9), 240)
        self._text(self.content.brand, LEFT, TOP - 4, size, bold=True)
        for n, line in enumerate([seller.name, *seller.address, *self._vat_lines()]):
            y = TOP - n * LEADING_SMALL
            self._text(line, RIGHT, y, SMALL, ink=QUIET, right=True, bold=n == 0)
        for n, line in enumerate(self._buyer_lines()):
            self._text(line, LEFT, BUYER_TOP - n * 13, 10.5)
        self._text(self.words[self.document.kind], LEFT, self.title_y, 22, bold=True)
        for (x, _), (caption, lines) in zip(FACTS, facts, strict=False):
            y = self.title_y - 30
            self._text(caption, LEFT + x, y, SMALL, ink=QUIET)
            for k, line in enumerate(lines):
                self._text(line, LEFT + x, y - 14 - k * LEADING, SIZE, bold=k == 0)

    def _vat_lines(self) -> list[str]:
        numbers = self.content.seller.vat_numbers
        return [self.words["vat_number"].format(number=number) for number in numbers]

    def _buyer_lines(self) -> list[str]:
        """Return the buyer's lines; what paper cannot show is marked, long ones are broken."""
        lines = [self._shown(line) for line in self.document.buyer.lines]
        told = [part for line in lines for part in wrapped(line, self.face.regular, 10.5, 230)]
        return told[:BUYER_LINES_MAX]

    def _facts(self) -> list[tuple[str, list[str]]]:
        content, words = self.content, self.words
        credit = self.document.kind == "credit_note"
        facts = [
            (words["number"], [self.document.number]),
            (words["issued_on"], [self._day(content.issued_on)]),
            (words["returned_on" if credit else "supplied_on"], [self._day(content.supplied_on)]),
        ]
        if content.order_number:
            told = [content.order_number]
            if content.ordered_on:
                told.append(words["ordered_on"].format(day=self._day(content.ordered_on)))
            if content.source_id:
                told.append(words["channel_number"].format(number=content.source_id))
            facts.append((words["order"], told))
        if content.return_number:
            told = [words["return_number"].format(number=content.return_number)]
            if content.order_number:
                facts[-1][1].extend(told)
            else:
                facts.append((words["return"], [content.return_number]))
        return [
            (name, self._fitted(told, width))
            for (_, width), (name, told) in zip(FACTS, facts, strict=False)
        ]

    def _fitted(self, lines: Sequence[str], width: float) -> list[str]:
        shown = [self._shown(line) for line in lines]
        told = [part for line in shown for part in wrapped(line, self.face.bold, SIZE, width)]
        return told[:FACT_LINES_MAX]

    def _rows(self) -> Iterator[Row]:
        bundle = ""
        for line in self.content.lines:
            if line.part_of and line.part_of != bundle:
                yield Row(self._title(line.part_of, 0), "", {}, heading=True)
            bundle = line.part_of
            indent = 12.0 if line.part_of else 0.0
            name = line.title
            if line.charge_kind:
                kind = self.words[f"charge_{line.charge_kind}"]
                name = f"{kind}: {line.title}" if line.title else kind
            sku = self._shown(line.sku)
            yield Row(self._title(name, indent), sku, self._figures(line), indent)

    def _title(self, text: str, indent: float) -> list[str]:
        return wrapped(self._shown(text), self.face.regular, SIZE, ITEM_WIDTH - indent)

    def _figures(self, line: Line) -> dict[str, str]:
        each = rounded_ratio(line.net_minor, 1, line.quantity) if line.quantity else 0
        return {
            "quantity": format_decimal(line.quantity, locale=self.locale) if line.quantity else "",
            "unit_net": self._money(each) if line.quantity else "",
            "rate": self._rate(line.tax_rate_bp),
            "net": self._money(line.net_minor),
            "gross": self._money(line.net_minor + line.tax_minor),
        }

    def _table(self, rows: Sequence[Row], y: float) -> float:
        """Draw the table's head and rows below ``y``; return where it ends."""
        self.canvas.setFillColor(SOFT)
        self.canvas.rect(LEFT - 7, y - 7, RIGHT - LEFT + 14, 21, stroke=0, fill=1)
        self._text(self.words["item"], LEFT, y, SMALL, ink=QUIET, bold=True)
        for name, (right, width) in COLUMNS.items():
            word = self.words[name + self.taxed if name == "rate" else name]
            size = largest_size(word, self.face.bold, (SMALL, 7, 6), width)
            self._text(word, right, y, size, ink=QUIET, bold=True, right=True)
        y -= 24
        for place, row in enumerate(rows):
            if place and not row.indent:
                self._line(y + LEADING + 1.5)
            for n, line in enumerate(row.title):
                self._text(line, LEFT + row.indent, y - n * LEADING, SIZE, bold=row.heading)
            if row.sku:
                below = y - len(row.title) * LEADING + 1.5
                self._text(row.sku, LEFT + row.indent, below, SMALL, ink=QUIET)
            for name, text in row.figures.items():
                right, width = COLUMNS[name]
                size = largest_size(text, self.face.regular, SIZES, width)
                self._text(text, right, y, size, right=True)
            y -= row.height
        return y

    def _sums(self) -> list[tuple[str, str, str]]:
        """Return the sums: what, what it is on, and how much."""
        words, document = self.words, self.document
        sums = [(words["net_total"], "", self._money(document.net_minor))]
        places = {tax.jurisdiction for tax in self.content.taxes}
        for tax in self.content.taxes:
            name = words["tax_at" + self.taxed].format(rate=self._rate(tax.tax_rate_bp))
            name = f"{name} ({tax.jurisdiction})" if len(places) > 1 else name
            on = words["on"].format(net=self._money(tax.net_minor))
            sums.append((name, on, self._money(tax.tax_minor)))
        total = "total_credited" if document.kind == "credit_note" else "total"
        return [*sums, (words[total], "", self._money(document.gross_minor))]

    def _summary(self, sums: Sequence[tuple[str, str, str]], y: float) -> None:
        left = 240.0
        y -= 4
        self._line(y + LEADING + 1.5, width=1)
        for name, on, amount in sums[:-1]:
            self._text(name, left, y - 2, SIZE)
            self._text(on, COLUMNS["net"][0], y - 2, SIZE, ink=QUIET, right=True)
            self._text(amount, RIGHT, y - 2, SIZE, right=True)
            y -= 17
        name, _, amount = sums[-1]
        self._line(y + 9, width=1, left=left)
        self._text(name, left, y - 8, 12.5, bold=True)
        self._text(amount, RIGHT, y - 8, 12.5, bold=True, right=True)
        y -= 40
        for told in (self._corrections(), self.words[f"note_{self.document.kind}"], self.note):
            for line in wrapped(self._shown(told), self.face.regular, SMALL, RIGHT - LEFT):
                self._text(line, LEFT, y, SMALL, ink=QUIET)
                y -= LEADING_SMALL
            y -= 3 if told else 0

    def _corrections(self) -> str:
        references = self.content.references
        if not references:
            return ""
        told = [
            self.words["corrects_one"].format(number=one.number, day=self._day(one.issued_on))
            for one in references
        ]
        name = self.words["corrects" if len(told) == 1 else "corrects_several"]
        return f"{name} {', '.join(told)}."

    def _foot(self, page: int, pages: int) -> None:
        seller = self.content.seller
        self._line(FOOTER_Y + 14)
        told = " · ".join([seller.name, *seller.address, *self._vat_lines()])
        size = largest_size(self._shown(told), self.face.regular, (7.5, 6.5, 5.5), 420)
        self._text(told, LEFT, FOOTER_Y, size, ink=QUIET)
        number = self.words["page"].format(page=page, pages=pages)
        self._text(number, RIGHT, FOOTER_Y, 7.5, ink=QUIET, right=True)

    def _line(self, y: float, *, width: float = 0.5, left: float = LEFT) -> None:
        self.canvas.setStrokeColor(RULE)
        self.canvas.setLineWidth(width)
        self.canvas.line(left, y, RIGHT, y)

    def _text(
        self,
        text: str,
        x: float,
        y: float,
        size: float,
        *,
        bold: bool = False,
        right: bool = False,
        ink: HexColor = INK,
    ) -> None:
        self.canvas.setFont(self.face.bold if bold else self.face.regular, size)
        self.canvas.setFillColor(ink)
        put = self.canvas.drawRightString if right else self.canvas.drawString
        put(x, y, self._shown(text))

    def _shown(self, text: str) -> str:
        return substituted(text)

    def _money(self, minor: int) -> str:
        return show_money(minor, self.document.currency, self.locale)

    def _rate(self, bp: int) -> str:
        rate = format_decimal(Decimal(bp).scaleb(-2), locale=self.locale)
        return self.words["percent"].format(rate=rate)

    def _day(self, day: date) -> str:
        return _show_day(day, self.locale)


def _paginated(
    rows: Iterator[Row], first: float, later: float, summary_height: float
) -> list[list[Row]]:
    """Share rows out over pages, the sums on the last one; a page is never left without a row."""
    pages: list[list[Row]] = [[]]
    left = first - 24 - BOTTOM
    for row in rows:
        if pages[-1] and row.height > left:
            pages.append([])
            left = later - 24 - BOTTOM
        pages[-1].append(row)
        left -= row.height
    if left < summary_height:
        # The sums take the last row along, so that they are not alone.
        kept = [pages[-1].pop()] if len(pages[-1]) > 1 else []
        pages.append(kept)
    return pages


def _texts(document: Document) -> Iterator[str]:
    """Every text that is somebody's own."""
    content = document.content
    yield from map(substituted, (content.brand, content.seller.name, *content.seller.address))
    yield from map(substituted, document.buyer.lines)
    yield substituted(content.source_id)
    for line in content.lines:
        yield from map(substituted, (line.title, line.part_of, line.sku))


@lru_cache
def _show_day(day: date, locale: Locale) -> str:
    return format_date(day, "long", locale=locale)


@lru_cache
def _words(language: str) -> Mapping[str, str]:
    text = files("crosslane.documents") / "words" / f"{language}.json"
    return json.loads(text.read_text(encoding="utf-8"))
