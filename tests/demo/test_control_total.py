import ast
from decimal import Decimal
from pathlib import Path

from crosslane.demo import Stream, control_total, select
from crosslane.demo import __file__ as front_door
from crosslane.demo.packaged import SAMPLE_ORDERS
from crosslane.demo.raw import MILLI_PER_POUND
from crosslane.demo.streams import CREDITS


def pounds(entries):
    return Decimal(sum(entry.line.amount_milli for entry in entries)) / MILLI_PER_POUND


def test_the_whole_file_ties(source):
    total = control_total(source.path)
    assert total.lines == 320_705
    assert total.units == 3_089_482
    assert total.total == Decimal("5761931.382")
    assert total.credits == Decimal("-520770.56")


def test_the_streams_add_up_to_the_file(source, invoices):
    entries = [entry for invoice in invoices for entry in invoice.lines]
    by_stream = {s: pounds(e for e in entries if e.stream is s) for s in Stream}
    total = control_total(source.path)
    assert sum(by_stream.values()) == total.total
    assert sum(by_stream[stream] for stream in CREDITS) == total.credits


def test_a_selection_ties_too(source, invoices):
    chosen = select(invoices, 1_000, seed=1)
    total = control_total(source.path, {invoice.number for invoice in chosen.invoices})
    entries = [entry for invoice in chosen.invoices for entry in invoice.lines]
    assert total.lines == len(entries)
    assert total.total == pounds(entries)


def test_the_sample_ties_too(source, sample):
    numbers = {invoice.number for invoice in sample}
    assert control_total(SAMPLE_ORDERS) == control_total(source.path, numbers)


def test_it_shares_nothing_with_the_reader():
    text = (Path(front_door).parent / "control_total.py").read_text()
    modules = {
        name
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in (
            [node.module]
            if isinstance(node, ast.ImportFrom)
            else [alias.name for alias in node.names]
        )
    }
    assert not [name for name in modules if name.startswith("crosslane")]
