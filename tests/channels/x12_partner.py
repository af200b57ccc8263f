"""Telling partners by X12: an order as they ask for it, and what is said of it."""

from functools import partial

from crosslane.channels import FAMILIES
from tests.channels import edi_saying
from tests.channels.edi_saying import documents_of
from tests.channels.judges import found_by_bots, found_by_mock
from tests.channels.reading import read
from tests.channels.test_x12 import wrapped

X12 = FAMILIES["x12"]

ASKED = """850
BEG*00*SA*PO-1*R7*20260104
CUR*BY*EUR
N1*BY*Shops*92*77
N1*ST*Shop 1*92*0001
N3*1 High St
N4*Town*OH*44139
PO1*10*12*EA*9.25*PE*VP*MUG*UP*036000291452*IN*77-1
PID*F****A mug
PO1*20*2*CA*120*UM*VP*BOWL*BP*77-2
PO4*24
PO1**3*EA*0.125**VP*CLIP
CTT*3"""


def ordered(text: str = ASKED, **how):
    (reading,) = read("x12", wrapped(text, **how).encode())
    assert reading.fault is None, reading.fault
    return reading.messages


def told(kind: str, *messages, **how):
    """Tell messages; returns the documents as text, and what became of each message."""
    documents, outcomes = documents_of("x12", ".x12", kind, *messages, **how)
    return [document.decode("ascii") for document in documents], outcomes


def sound(kind: str, *messages, **how) -> str:
    """Tell messages in one document that others find nothing wrong with."""
    (text,), outcomes = told(kind, *messages, **how)
    assert {one.state for one in outcomes} == {"told"}
    assert found_by_bots(text) == []
    assert found_by_mock(text) == []
    return text


def segments(text: str, *tags: str) -> list[str]:
    return [one for one in text.split("~") if one.split("*")[0] in tags]


# The order's number, and that of its release.
reply = partial(edi_saying.reply, order="PO-1-R7")
shipped = partial(edi_saying.shipped, order="PO-1-R7")
