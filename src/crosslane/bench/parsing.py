"""Reading what others send, until canonical messages are there: orders, and day files.

Orders of JSON families are counted a second and core, day files in megabytes a second and core.
Baselines in the same run: the standard library's parser that forgets each transaction, and
splitting an interchange into segments and elements without looking at them. Nothing is applied.
"""

import resource
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from io import BytesIO
from pathlib import Path
from xml.etree.ElementTree import iterparse

import msgspec

from crosslane.bench.figures import DEMO, Figure, Scale, ratio
from crosslane.bench.shop import skus
from crosslane.bench.told_orders import AT, TOLD, Document
from crosslane.channels import FAMILIES, Context

MEGABYTE = 1 << 20
BLOCK_RECORDS = 200
LINES = 6
RATE_LEAST = 20.0
ORDERS_LEAST = 5_000.0
ORDERS_CURRENCY = "GBP"
GROWN_MEGABYTES_MOST = 24.0
CONTEXT = Context(currency="USD", timezone="America/Los_Angeles")


async def parsing(scale: Scale = DEMO) -> list[Figure]:
    """Measure how fast orders and day files are read, and day files in how much memory."""
    figures = [
        Figure(
            name=f"orders of {name} read",
            value=round(_pace(family, [make(n, skus(scale)) for n in range(scale.orders)])),
            unit="a second a core",
            least=ORDERS_LEAST,
            key=f"{name.replace('-', '_').replace(' ', '_')}_read_per_s",
        )
        for name, (family, make) in TOLD.items()
    ]
    days = (
        ("poslog", _till_day, _bare_markup, "iterparse of the standard library"),
        ("x12", _order_day, _bare_split, "split into elements"),
    )
    with tempfile.TemporaryDirectory() as folder:
        for name, write, bare, beside in days:
            small, large = Path(folder) / "small", Path(folder) / "large"
            write(small, MEGABYTE)
            size = write(large, scale.day_megabytes * MEGABYTE)
            _taken(lambda path=small, family=name: _read(path, family))
            before = _peak_megabytes()
            seconds = _taken(lambda path=large, family=name: _read(path, family))
            grown = _peak_megabytes() - before
            bare_seconds = _taken(lambda path=large, look=bare: look(path))
            rate, bare_rate = size / seconds / 1e6, size / bare_seconds / 1e6
            figures += [
                Figure(
                    name=f"{name}: read to canonical messages",
                    value=round(rate, 1),
                    unit="MB/s a core",
                    least=RATE_LEAST,
                    key=f"{name}_megabytes_per_second",
                ),
                Figure(name=f"{name}: {beside}", value=round(bare_rate, 1), unit="MB/s a core"),
                ratio(f"{name}: beside that", rate, bare_rate),
                Figure(
                    name=f"{name}: memory grown from 1 to {scale.day_megabytes} MB of day",
                    value=round(grown, 1),
                    unit="MB",
                    most=GROWN_MEGABYTES_MOST,
                ),
            ]
    return figures


def _pace(format: str, documents: Sequence[Document]) -> float:
    """Return how many documents are read a second of processor time."""
    family = FAMILIES[format]
    context = Context(currency=ORDERS_CURRENCY, received_at=AT)
    raw = [msgspec.json.encode(one) for one in documents]
    began = time.process_time()
    for body in raw:
        if any(reading.fault for reading in family.read(BytesIO(body), context)):
            raise RuntimeError(f"{format} does not read its own order")
    return len(raw) / (time.process_time() - began)


def _taken(work: Callable[[], None]) -> float:
    begin = time.process_time()
    work()
    return time.process_time() - begin


def _peak_megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _read(path: Path, family: str) -> None:
    with path.open("rb") as stream:
        for reading in FAMILIES[family].read(stream, CONTEXT):
            if reading.fault is not None:
                raise RuntimeError(f"{family} {reading.place}: {reading.fault}")


def _bare_markup(path: Path) -> None:
    for _, element in iterparse(path):  # noqa: S314 - reads what was written here
        if element.tag.endswith("}Transaction"):
            element.clear()


def _bare_split(path: Path) -> None:
    left = ""
    with path.open() as stream:
        while text := stream.read(256 << 10):
            *segments, left = (left + text).split("~")
            for segment in segments:
                segment.split("*")


def _till_day(path: Path, size: int) -> int:
    head = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<POSLog xmlns="http://www.nrf-arts.org/IXRetail/namespace/">\n'
    )
    with path.open("w") as stream:
        written = stream.write(head)
        block = 0
        while written < size:
            written += stream.write("".join(_till_block(block)))
            block += 1
        return written + stream.write("</POSLog>\n")


def _till_block(block: int) -> Iterator[str]:
    for n in range(block * BLOCK_RECORDS, (block + 1) * BLOCK_RECORDS):
        prices = [199 + (n * 37 + k * 101) % 4_000 for k in range(LINES)]
        total = sum(prices)
        yield (
            "  <Transaction>\n"
            f"    <RetailStoreID>S{n % 50:04d}</RetailStoreID>\n"
            f"    <WorkstationID>T{n % 7}</WorkstationID>\n"
            f"    <SequenceNumber>{n}</SequenceNumber>\n"
            "    <BusinessDayDate>2026-01-05</BusinessDayDate>\n"
            "    <EndDateTime>2026-01-05T10:00:00</EndDateTime>\n"
            f"    <OperatorID>{n % 90}</OperatorID>\n"
            "    <CurrencyCode>USD</CurrencyCode>\n"
            '    <RetailTransaction Version="2.1">\n'
        )
        yield from (_till_line(k, n, price) for k, price in enumerate(prices, 1))
        yield (
            "      <LineItem>\n"
            f"        <SequenceNumber>{LINES + 1}</SequenceNumber>\n"
            '        <Tender TenderType="CreditDebit" TypeCode="Sale">\n'
            f"          <Amount>{total / 100:.2f}</Amount>\n"
            "        </Tender>\n"
            "      </LineItem>\n"
            f'      <Total TotalType="TransactionGrandAmount">{total / 100:.2f}</Total>\n'
            "    </RetailTransaction>\n"
            "  </Transaction>\n"
        )


def _till_line(place: int, n: int, price: int) -> str:
    return (
        '      <LineItem EntryMethod="Scanned">\n'
        f"        <SequenceNumber>{place}</SequenceNumber>\n"
        '        <Sale ItemType="Stock">\n'
        f"          <ItemID>SKU-{(n * 7 + place) % 3_492:05d}</ItemID>\n"
        f'          <MerchandiseHierarchy Level="Department">{n % 30}</MerchandiseHierarchy>\n'
        f"          <Description>Article number {(n * 7 + place) % 3_492}</Description>\n"
        f"          <RegularSalesUnitPrice>{price / 100:.2f}</RegularSalesUnitPrice>\n"
        f"          <ExtendedAmount>{price / 100:.2f}</ExtendedAmount>\n"
        "          <Quantity>1</Quantity>\n"
        "        </Sale>\n"
        "      </LineItem>\n"
    )


def _order_day(path: Path, size: int) -> int:
    isa = (
        "ISA*00*          *00*          *ZZ*BUYER          *ZZ*SELLER         *260105*1000*U*00401"
        "*000000007*0*P*>~\n"
    )
    with path.open("w") as stream:
        written = stream.write(isa + "GS*PO*BUYER*SELLER*20260105*1000*3*X*004010~\n")
        orders = 0
        while written < size:
            sets = range(orders, orders + BLOCK_RECORDS)
            written += stream.write("".join(map(_order_set, sets)))
            orders += BLOCK_RECORDS
        return written + stream.write(f"GE*{orders}*3~\nIEA*1*000000007~\n")


def _order_set(n: int) -> str:
    lines = "".join(
        f"PO1*{k}*{1 + n % 40}*EA*{(199 + (n * 37 + k * 101) % 4_000) / 100:.2f}*PE"
        f"*VN*SKU-{(n * 7 + k) % 3_492:05d}*IN*{n % 900:06d}-{k:03d}*UP*036000291452~\n"
        f"PID*F****Article number {(n * 7 + k) % 3_492}~\n"
        for k in range(1, LINES + 1)
    )
    return (
        f"ST*850*{n:09d}~\nBEG*00*SA*PO-{n:09d}**20260104~\nREF*DP*038~\nDTM*002*20260114~\n"
        "N1*BY*XYZ RETAIL*92*77~\nN1*ST*XYZ RETAIL 12*9*0003947268292~\nN3*31875 SOLON RD~\n"
        f"N4*SOLON*OH*44139~\n{lines}CTT*{LINES}~\nSE*{2 * LINES + 10}*{n:09d}~\n"
    )
