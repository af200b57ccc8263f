"""Drawing a parcel label: one page of 4 x 6 inches, the size that label printers take.

From top to bottom: carrier and service; sender and facts; the recipient; the routing code that
sorters read from afar; the tracking number as a Code 128 barcode; what the driver should know and
the tracking link as a QR code. The same consignment always gives the same bytes.
"""

from collections.abc import Iterable, Iterator
from functools import partial

from crosslane.carriers.domain.shipment import (
    Consignment,
    PostalAddress,
    address_lines,
    country_name,
    printable,
    routing_code,
    show_tracking_number,
    tracking_link,
)
from crosslane.carriers.errors import AddressUnprintable, LabelTextTooLong
from crosslane.carriers.port.page import Page
from crosslane.carriers.port.symbols import bars, qr_runs
from crosslane.platform.typesetting import (
    TooMuchText,
    fitted,
    largest_size,
    substituted,
    typeface_for,
    unshowable,
    width_of,
    wrapped,
)

PAGE = (288.0, 432.0)  # 4 x 6 inches in points
MARGIN = 13.0
INSIDE = PAGE[0] - 2 * MARGIN

# Lower edges of the bands, from the bottom of the page in points.
HEADER_Y, SENDER_Y, RECIPIENT_Y, ROUTING_Y, BARCODE_Y = 388.0, 316.0, 192.0, 146.0, 66.0
FACTS_X = 190.0
QR_SIDE = 50.0
BAR_HEIGHT = 52.0
# The GS1 guide asks for ten modules of white on either side of the bars.
QUIET_MODULES = 10

SENDER_SIZES = (8.0, 7.5, 7.0, 6.5, 6.0, 5.5, 5.0)
RECIPIENT_SIZES = (15.0, 14.0, 13.0, 12.0, 11.0, 10.0, 9.0, 8.0, 7.0, 6.0)
NOTE_SIZES = (8.0, 7.5, 7.0, 6.5, 6.0)
ZONE_SIZES = (17.0, 15.0, 13.0, 11.0, 10.0)


def draw_label(consignment: Consignment) -> bytes:
    """Return the label of a consignment as a PDF of one page.

    Raises:
        AddressUnprintable: an address has letters that cannot be shown.
        LabelTextTooLong: an address does not fit even in the smallest letters.
    """
    shipment = consignment.shipment
    for field, address in (("sender", shipment.sender), ("recipient", shipment.recipient)):
        _refuse_unshowable(field, address)
    drawing = _Drawing(consignment)
    drawing.draw()
    return drawing.page.document()


class _Drawing:
    """One label being drawn."""

    def __init__(self, consignment: Consignment) -> None:
        self.consignment = consignment
        self.shipment = consignment.shipment
        self.face = typeface_for(_texts(consignment))
        title = f"Label {consignment.tracking_number}"
        self.page = Page(*PAGE, title=title, face=self.face)
        self.text = self.page.text

    def draw(self) -> None:
        self.header()
        self.sender()
        self.facts()
        self.recipient()
        self.routing()
        self.barcode()
        self.footer()
        for y in (HEADER_Y, SENDER_Y, RECIPIENT_Y, ROUTING_Y, BARCODE_Y):
            self.page.line(MARGIN, y, PAGE[0] - MARGIN, y, width=0.8)

    def header(self) -> None:
        service = substituted(printable(self.consignment.service_name))
        carrier = substituted(printable(self.consignment.carrier_name))
        size = largest_size(service, self.face.bold, (18, 16, 14, 12, 10, 8), 130)
        box = width_of(service, self.face.bold, size) + 14
        x, y, height = PAGE[0] - MARGIN - box, HEADER_Y + 6, 26.0
        self.page.boxes([(0, 0, 1, 1)], x=x, y=y, across=box, up=height)
        self.page.ink(1)
        self.text(service, x + 7, y + (height - size * 0.72) / 2, size, bold=True)
        self.page.ink(0)
        room = x - MARGIN - 8
        size = largest_size(carrier, self.face.bold, (15, 14, 13, 12, 11, 10, 9, 8), room)
        lines = wrapped(carrier, self.face.bold, size, room)[:2]
        for n, line in enumerate(lines):
            middle = y + (height - size * 0.72) / 2 + (len(lines) - 1) * size * 0.55
            self.text(line, MARGIN, middle - n * size * 1.1, size, bold=True)

    def sender(self) -> None:
        address = self.shipment.sender
        lines = [*address_lines(address, sender_country=address.country), address.postcode]
        self.caption("FROM", MARGIN, HEADER_Y - 9)
        self.block("sender", lines, SENDER_SIZES, MARGIN, HEADER_Y - 12, FACTS_X - MARGIN - 8, 56)

    def facts(self) -> None:
        shipment = self.shipment
        grams = shipment.weight_grams
        facts = [
            ("WEIGHT", f"{grams // 1000}.{grams % 1000 // 10:02} kg"),
            ("PARCEL", f"{shipment.parcel} of {shipment.parcels}"),
            ("SHIPPED", f"{shipment.shipped_on:%d %b %Y}"),
        ]
        self.page.line(FACTS_X - 5, HEADER_Y, FACTS_X - 5, SENDER_Y, width=1)
        for n, (name, value) in enumerate(facts):
            y = HEADER_Y - 9 - n * 22.5
            self.caption(name, FACTS_X, y)
            self.text(value, FACTS_X, y - 10.5, 10.5, bold=True)

    def recipient(self) -> None:
        address = self.shipment.recipient
        self.caption("DELIVER TO", MARGIN, SENDER_Y - 10)
        if address.phone:
            phone = substituted(printable(address.phone))
            right = PAGE[0] - MARGIN - width_of(phone, self.face.regular, 8)
            self.text(phone, right, SENDER_Y - 11, 8)
        lines = address_lines(address, sender_country=self.shipment.sender.country)
        self.block("recipient", lines, RECIPIENT_SIZES, MARGIN, SENDER_Y - 14, INSIDE, 84)
        postcode = printable(address.postcode)
        size = largest_size(postcode, self.face.bold, (21, 18, 15, 12, 9, 7), INSIDE)
        self.text(postcode, MARGIN, RECIPIENT_Y + 6, size, bold=True)

    def routing(self) -> None:
        code, zone = routing_code(self.shipment.recipient), self.consignment.zone
        room = INSIDE - 90 if zone else INSIDE
        size = largest_size(code, self.face.bold, (38, 34, 30, 26, 22, 18, 14, 10, 7), room)
        middle = ROUTING_Y + (RECIPIENT_Y - ROUTING_Y) / 2
        self.text(code, MARGIN, middle - size * 0.36, size, bold=True)
        if zone:
            self.caption("ZONE", PAGE[0] - MARGIN - 84, RECIPIENT_Y - 11)
            zone = substituted(printable(zone))
            size = largest_size(zone, self.face.bold, ZONE_SIZES, 84)
            lines = wrapped(zone, self.face.bold, size, 84)[:2]
            for n, line in enumerate(lines):
                y = ROUTING_Y + 10 + (len(lines) - 1 - n) * size * 1.1
                self.text(line, PAGE[0] - MARGIN - 84, y, size, bold=True)

    def barcode(self) -> None:
        number = self.consignment.tracking_number
        wide, dark = bars(number)
        # As wide as the paper allows: wide bars survive a poor printer.
        module = min(2.0, PAGE[0] / (wide + 2 * QUIET_MODULES))
        left = (PAGE[0] - wide * module) / 2
        # One by one: a box that is filled alone gets sharp edges, whatever the printer's dots are.
        for start, width in dark:
            x, across = left + start * module, width * module
            self.page.boxes([(0, 0, 1, 1)], x=x, y=BARCODE_Y + 20, across=across, up=BAR_HEIGHT)
        shown = show_tracking_number(number)
        size = largest_size(shown, self.face.bold, (13, 12, 11, 10, 9, 8, 7), INSIDE)
        self.text(
            shown,
            (PAGE[0] - width_of(shown, self.face.bold, size)) / 2,
            BARCODE_Y + 6,
            size,
            bold=True,
        )

    def footer(self) -> None:
        link = tracking_link(self.consignment.tracking_url, self.consignment.tracking_number)
        room = INSIDE - QR_SIDE - 8 if link else INSIDE
        y = BARCODE_Y - 10
        if self.shipment.reference:
            self.caption("REFERENCE", MARGIN, y)
            reference = substituted(printable(self.shipment.reference))
            size = largest_size(reference, self.face.bold, (10, 9, 8, 7, 6, 5), room)
            self.text(reference, MARGIN, y - 11, size, bold=True)
            y -= 21
        instruction = substituted(printable(self.shipment.instruction))
        for size in NOTE_SIZES:
            lines = wrapped(instruction, self.face.regular, size, room)
            if len(lines) * size * 1.2 <= y - 6:
                break
        for n, line in enumerate(lines):
            self.text(line, MARGIN, y - n * size * 1.2, size)
        if link:
            self.qr()

    def qr(self) -> None:
        link = partial(tracking_link, self.consignment.tracking_url)
        side, runs = qr_runs(link, self.consignment.tracking_number)
        self.page.boxes(
            [(x, y, length, 1) for x, y, length in runs],
            x=PAGE[0] - MARGIN - QR_SIDE,
            y=BARCODE_Y - 6,
            across=QR_SIDE / side,
            up=-QR_SIDE / side,
        )

    def block(
        self,
        field: str,
        lines: list[str],
        sizes: tuple[float, ...],
        x: float,
        top: float,
        width: float,
        height: float,
    ) -> None:
        """Set the lines of an address below ``top``, the first one bold."""
        fonts = [self.face.bold, *[self.face.regular] * len(lines)]
        try:
            size, placed = fitted(lines, fonts, sizes, width, height)
        except TooMuchText:
            raise LabelTextTooLong(pointer=f"/{field}", field=field) from None
        for n, (line, font) in enumerate(placed):
            bold = font == self.face.bold
            self.text(line, x, top - size * (1 + n * 1.2), size, bold=bold)

    def caption(self, text: str, x: float, y: float) -> None:
        self.text(text, x, y, 6)


def _texts(consignment: Consignment) -> Iterator[str]:
    """Every text on a label that is somebody's own."""
    shipment = consignment.shipment
    for address in (shipment.sender, shipment.recipient):
        yield from (text for _, text in _address_texts(address))
        yield substituted(printable(address.phone))
        yield country_name(address.country).upper()
    yield from (consignment.carrier_name, consignment.service_name, consignment.zone)
    yield from map(substituted, (shipment.reference, shipment.instruction))


def _address_texts(address: PostalAddress) -> Iterable[tuple[str, str]]:
    yield "name", printable(address.name)
    yield "organization", printable(address.organization)
    for n, line in enumerate(address.lines):
        yield f"lines/{n}", printable(line)
    yield "city", printable(address.city)
    yield "region", printable(address.region)
    yield "postcode", printable(address.postcode)


def _refuse_unshowable(field: str, address: PostalAddress) -> None:
    for part, text in _address_texts(address):
        script = unshowable(text)
        if script:
            pointer = f"/{field}/{part}"
            raise AddressUnprintable(pointer=pointer, field=pointer[1:], script=script)
