"""Judges of EDI that others have written: the grammars of bots, and mock-edi's dictionary.

Bots knows every set's structure, the lengths and kinds of its elements; mock-edi knows codes too,
and reads a set as a buyer does. Of EDIFACT bots knows all directories from D.93A to D.17B, and
mock-edi D.96A and CONTRL.
"""

import codecs
import logging
import re
from pathlib import Path
from typing import Any
from unittest import mock

import edi_parser
from edi_parser.grammars import edifact as directories
from edi_parser.lib import utils as bots_files
from mockedi import ack, transactions
from mockedi import edifact as mock_edifact
from mockedi import validate as validating
from mockedi import x12 as mock_x12

# Segments and codes that mock-edi says it leaves out, though the standard has them.
UNKNOWN_TO_MOCK = re.compile(r" *(MAN|SDQ) at segment|.*: (LT|VX|VN|SM) is not a code")
# The same of EDIFACT, where it knows one directory and few of its codes.
UNKNOWN_TO_MOCK_EDIFACT = re.compile(
    r" *(PCI|GIN|TAX|UCF) at segment"
    r"|.*: (SRV|NB|VA|13|125|113|171|LI|33) is not a code"
    r"|.*UNH02 names \S+, the dictionary defines"
)
# The letters of level A to C, which bots brings as codecs and this port of it does not; and its
# directories, which it looks for in one folder.
LETTERS = {"unoa": "ascii", "unob": "ascii", "unoc": "latin-1"}
codecs.register(lambda name: codecs.lookup(LETTERS[name]) if name in LETTERS else None)
directories.__path__.extend(
    str(folder) for folder in sorted(Path(directories.__path__[0]).glob("D[0-9]*"))
)


def found_by_bots(text: str) -> list[str]:
    """What the grammars of bots find wrong; versions that end in words are read without them."""
    logging.getLogger("edi_parser").setLevel(logging.CRITICAL)
    verdict = edi_parser.validate_edi(content=text, editype="x12", messagetype="x12")
    return [str(error.get("original_message") or error) for error in verdict["errors"]]


def edifact_found_by_bots(raw: bytes) -> list[str]:
    """What the grammars of bots find wrong with EDIFACT."""
    logging.getLogger("edi_parser").setLevel(logging.CRITICAL)
    # It reads the bytes by itself, from a file that this port of it cannot read.
    with mock.patch.object(bots_files, "readdata_bin", return_value=raw):
        verdict = edi_parser.validate_edi(
            content=raw.decode("latin-1"), editype="edifact", messagetype="edifact"
        )
    return [str(error.get("message") or error) for error in verdict["errors"]]


def edifact_found_by_mock(raw: bytes) -> list[str]:
    """What mock-edi finds wrong with EDIFACT; what it does not know is left to bots."""
    found: list[str] = []
    for part in mock_edifact.split(raw.decode("latin-1")):
        report = validating.validate(mock_edifact.parse(part))
        found += ack.explain(report)
        found += [note for _, note in report.envelope_errors]
    return [
        line
        for line in found
        if not UNKNOWN_TO_MOCK_EDIFACT.match(line)
        and not line.endswith((": accepted", ", with findings", "segments in error (5)"))
    ]


def edifact_read_by_mock(raw: bytes) -> list[Any]:
    """What a buyer reads of ORDRSP, DESADV and INVOIC."""
    readers = {
        "ORDRSP": transactions.read_response,
        "DESADV": transactions.read_despatch,
        "INVOIC": transactions.read_invoice,
    }
    return [
        readers[message.code](message, "EDIFACT")
        for part in mock_edifact.split(raw.decode("latin-1"))
        for _, message in mock_edifact.parse(part).messages()
    ]


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
