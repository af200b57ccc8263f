"""A document of one page: texts, boxes and lines, each drawn over those before.

Where the fonts are those that every PDF reader has, the document is a handful of fixed objects
around what is drawn, and is put together here. Where a packaged font has to be embedded, a library
does that, which takes many times as long.
"""

import zlib
from collections.abc import Iterable
from io import BytesIO

from msgspec import Struct
from reportlab.pdfgen.canvas import Canvas

from crosslane.platform.typesetting import BUILT_IN, Typeface, western

Box = tuple[int, int, int, int]
"""Left edge, lower edge, width, height."""

_ESCAPES = str.maketrans({"\\": r"\\", "(": r"\(", ")": r"\)"})


class _Text(Struct, frozen=True):
    """One line of text."""

    text: str
    x: float
    y: float
    size: float
    bold: bool


class Page:
    """One page being drawn; lengths are points from its lower left corner.

    Args:
        width: of the page.
        height: of the page.
        title: of the document, in ASCII.
        face: fonts of its texts.
    """

    def __init__(self, width: float, height: float, *, title: str, face: Typeface) -> None:
        self._size = (width, height)
        self._title = title
        self._face = face
        self._drawn: list[str | _Text] = []

    def text(self, text: str, x: float, y: float, size: float, *, bold: bool = False) -> None:
        """Set a line of text that begins at ``x`` on the base line ``y``."""
        self._drawn.append(_Text(text, x, y, size, bold))

    def ink(self, gray: float) -> None:
        """Draw what follows in a gray between 0, black, and 1, white."""
        self._drawn.append(f"{gray:g} g")

    def boxes(
        self,
        boxes: Iterable[Box],
        *,
        x: float = 0.0,
        y: float = 0.0,
        across: float = 1.0,
        up: float = 1.0,
    ) -> None:
        """Fill boxes.

        Args:
            boxes: in units of their own.
            x: where their left begins.
            y: where their bottom begins.
            across: how wide their unit is.
            up: how high it is, negative when they go down.
        """
        drawn = "".join([f"{a} {b} {c} {d} re\n" for a, b, c, d in boxes])
        self._drawn.append(f"q {across:.5f} 0 0 {up:.5f} {x:.3f} {y:.3f} cm\n{drawn}f Q")

    def line(self, x: float, y: float, to_x: float, to_y: float, *, width: float) -> None:
        """Draw a straight line."""
        self._drawn.append(f"{width:g} w {x:g} {y:g} m {to_x:g} {to_y:g} l S")

    def document(self) -> bytes:
        """Return the document; the same drawing always gives the same bytes."""
        return self._written() if self._face is BUILT_IN else self._embedded()

    def _written(self) -> bytes:
        drawn = [_operators(d) if isinstance(d, _Text) else d for d in self._drawn]
        content = zlib.compress(western("\n".join(drawn)))
        fonts = [_font(name) for name in (self._face.regular, self._face.bold)]
        width, height = self._size
        return _file(
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Kids [ 3 0 R ] /Count 1 >>",
            b"<< /Type /Page\n/Parent 2 0 R /MediaBox [ 0 0 %g %g ] /Contents 6 0 R\n"
            b"/Resources << /Font << /F1 4 0 R /F2 5 0 R >> >> >>" % (width, height),
            *fonts,
            b"<< /Filter /FlateDecode /Length %d >>\nstream\n%b\nendstream"
            % (len(content), content),
            b"<< /Title (%b) >>" % self._title.encode("ascii"),
        )

    def _embedded(self) -> bytes:
        buffer = BytesIO()
        canvas = Canvas(buffer, pagesize=self._size, invariant=True, pageCompression=1)
        canvas.setTitle(self._title)
        for drawn in self._drawn:
            if isinstance(drawn, _Text):
                canvas.setFont(self._face.bold if drawn.bold else self._face.regular, drawn.size)
                canvas.drawString(drawn.x, drawn.y, drawn.text)
            else:
                canvas.addLiteral(drawn)
        canvas.showPage()
        canvas.save()
        return buffer.getvalue()


def _operators(text: _Text) -> str:
    font = "/F2" if text.bold else "/F1"
    shown = text.text.translate(_ESCAPES)
    return f"BT {font} {text.size:g} Tf {text.x:.3f} {text.y:.3f} Td ({shown}) Tj ET"


def _font(name: str) -> bytes:
    told = f"<< /Type /Font /Subtype /Type1 /BaseFont /{name} /Encoding /WinAnsiEncoding >>"
    return told.encode("ascii")


def _file(*objects: bytes) -> bytes:
    """Return a PDF of objects: the first is its catalog, the last tells about it."""
    # Bytes beyond ASCII tell whoever copies the file that it is no text.
    parts = [b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"]
    parts += [b"%d 0 obj\n%b\nendobj\n" % (n, told) for n, told in enumerate(objects, 1)]
    places, place = [], 0
    for part in parts:
        places.append(place)
        place += len(part)
    entries = b"".join(b"%010d 00000 n \n" % start for start in places[1:])
    count = len(parts)
    return b"%bxref\n0 %d\n0000000000 65535 f \n%btrailer\n%b\nstartxref\n%d\n%%%%EOF\n" % (
        b"".join(parts),
        count,
        entries,
        b"<< /Size %d /Root 1 0 R /Info %d 0 R >>" % (count, len(objects)),
        place,
    )
