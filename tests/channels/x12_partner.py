"""Telling partners by X12: an order as they ask for it, and what is said of it."""

from datetime import UTC, datetime

from crosslane.channels import FAMILIES
from crosslane.channels.adapters.telling import Answer, Document, Outgoing, Talk
from crosslane.channels.domain.replies import OrderReply, ReplyLine
from crosslane.channels.domain.reports import FulfillmentEvent, MovedGoods
from tests.channels.judges import found_by_bots, found_by_mock
from tests.channels.reading import read
from tests.channels.test_x12 import wrapped

NOW = datetime(2026, 1, 6, 9, 30, tzinfo=UTC)
TALK = Talk(channel="edi", now=NOW, currency="EUR", timezone="UTC")
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


def told(kind: str, *messages, talk: Talk = TALK, order=None, **more):
    """Tell messages; returns the documents as text, and what became of each message."""
    outgoing = [
        Outgoing(key=f"k{n}", number=n, message=message, order=order, **more)
        for n, message in enumerate(messages, 41)
    ]
    talking = X12.tells[kind].tell(outgoing, talk)
    documents: list[str] = []
    try:
        said = next(talking)
        while True:
            assert isinstance(said, Document)
            assert said.name.endswith(".x12")
            documents.append(said.body.decode("ascii"))
            said = talking.send(Answer())
    except StopIteration as stop:
        return documents, stop.value


def sound(kind: str, *messages, **how) -> str:
    """Tell messages in one document that others find nothing wrong with."""
    (text,), outcomes = told(kind, *messages, **how)
    assert {one.state for one in outcomes} == {"told"}
    assert found_by_bots(text) == []
    assert found_by_mock(text) == []
    return text


def segments(text: str, *tags: str) -> list[str]:
    return [one for one in text.split("~") if one.split("*")[0] in tags]


def reply(*lines: ReplyLine, outcome="accepted", **more) -> OrderReply:
    return OrderReply(
        source_id="reply-1",
        event_at=NOW,
        order="PO-1-R7",
        ours="000001-Y",
        outcome=outcome,
        lines=lines,
        **more,
    )


MUG = ReplyLine(id="10", sku="MUG", quantity=12, due_at=NOW, unit_price_milli=925_000)
BOWL = ReplyLine(id="20", sku="BOWL", quantity=48, unit_price_milli=500_000)
CLIP = ReplyLine(id="3", sku="CLIP", quantity=3)


def shipped(*goods: MovedGoods, **more) -> FulfillmentEvent:
    told = {
        "source_id": "S-1",
        "event_at": NOW,
        "order": "PO-1-R7",
        "step": "shipped",
        "lines": goods,
        "location": "LONDON",
        "carrier": "UPS",
        "service": "Ground",
        "tracking": ("1Z999",),
        "due_at": datetime(2026, 1, 8, tzinfo=UTC),
    }
    return FulfillmentEvent(**{**told, **more})
