"""Judges of X12 that others have written: the grammars of bots, and mock-edi's dictionary.

Bots knows every set's structure, the lengths and kinds of its elements; mock-edi knows codes too,
and reads a set as a buyer does.
"""

import logging
import re
from typing import Any

import edi_parser
from mockedi import ack, transactions
from mockedi import validate as validating
from mockedi import x12 as mock_x12

# Segments and codes that mock-edi says it leaves out, though the standard has them.
UNKNOWN_TO_MOCK = re.compile(r" *(MAN|SDQ) at segment|.*: (LT|VX|VN|SM) is not a code")


def found_by_bots(text: str) -> list[str]:
    """What the grammars of bots find wrong; versions that end in words are read without them."""
    logging.getLogger("edi_parser").setLevel(logging.CRITICAL)
    verdict = edi_parser.validate_edi(content=text, editype="x12", messagetype="x12")
    return [str(error.get("original_message") or error) for error in verdict["errors"]]


def found_by_mock(text: str) -> list[str]:
    """What mock-edi finds wrong, in words; segments it does not know are left to bots."""
    found: list[str] = []
    for part in mock_x12.split(text):
        report = validating.validate(mock_x12.parse(part))
        found += ack.explain(report)
        found += [note for _, note in report.envelope_errors]
    return [
        line
        for line in found
        if not UNKNOWN_TO_MOCK.match(line)
        and not line.endswith((": accepted", ", with findings", "segments in error (5)"))
    ]


def read_by_mock(text: str) -> list[Any]:
    """What a buyer reads of replies, notices and invoices."""
    readers = {
        "855": transactions.read_response,
        "856": transactions.read_despatch,
        "810": transactions.read_invoice,
    }
    return [
        readers[message.code](message, "X12")
        for part in mock_x12.split(text)
        for _, message in mock_x12.parse(part).messages()
    ]
