"""Plain orders say what they say segment by segment, and whatever else is sent is left to that."""

from io import BytesIO

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crosslane.channels import Context
from crosslane.channels.adapters.x12 import by_segments
from crosslane.channels.adapters.x12.interchange import Cut, Cutter
from crosslane.channels.adapters.x12.plain import KEPT, plain_order
from crosslane.channels.adapters.x12.segments import Envelope
from crosslane.channels.domain.messages import Order
from tests.channels.test_x12 import FIXTURES, wrapped
from tests.published import needs_published

CONTEXT = Context(channel="edi", currency="USD", timezone="America/Los_Angeles")
PLAIN = """850
BEG*00*SA*PO-1**20260104
REF*DP*038
DTM*002*20260114
N1*BY*Shops*92*77
N1*ST*Shop 1*92*0001
REF*IA*9
N3*1 High St*Floor 2
N4*Town*OH*44139
PO1*1*12*EA*9.25*PE*VN*MUG*UP*036000291452*IN*77-1
PID*F****A mug
PO4*4*4*EA
PO1**3*EA*1**CB*78-1*VN*BOWL
REF*CO*5
CTT*2
AMT*1*114.00"""
# Where an order may be plain no longer, or differently so.
SEGMENTS = [
    *(f"{tag}*A*{n}*EA" for n, tag in enumerate(sorted(KEPT))),
    *("BEG*00*NE*PO-1*7*20260104", "BEG*05*SA*PO-1**20260104", "BEG*00*BK*PO-1**20260104"),
    "BEG*00*SA*PO-1**20260104*77**AC",
    *("CUR*BY*EUR", "FOB*PC*OR", "SAC*A*C310***1000", "MSG*Blue", "NTE**Red", "PER*BD*Ann*TE*1"),
    *("N1*BT*Bills*92*9", "N1*ST*Shop 2*92*2", "N1*BS*All*92*3", "N1*SU*Us", "N1*BO*Old*1*2", "N1"),
    *("N1*BY", "N1*BT**92*5", "N2*Second", "N3*Elsewhere", "N3", "N4*City*ON*M5V*CAN*x", "N4*Only"),
    *("N4***1", "PID*F****Again", "PID*F*08***Code", "PID*X****", "PID*F", "SDQ*EA*92*1*5*2*7"),
    *("PO1*9*1*EA*2*PE*VN*CUP", "PO1*9*1*CA*2*PE*VN*CUP", "PO1*9*1*EA**NC*VN*CUP", "CTP**NET*3"),
    *("PO1*9*0*EA*2*PE*VN*CUP", "PO1*9*1*EA*2*HP*SK*CUP*EN*4006381333931", "PO1*9*1*EA*2*PE"),
    *("CTT*2", "CTT*02", "CTT*3*1", "AMT*TT*114.00", "AMT*TT*x", "AMT*1*2*3", "AMT**5", "ZZZ*1"),
]
ELEMENTS = [
    *("", "0", "1", "007", "12", "-1", "9.25", "1e2", "9.255", "0.00001", "9" * 10, "9" * 16),
    *("EA", "PC", "CA", "YD", "PE", "HP", "VN", "UP", "IN", "SK", "CB", "ST", "BY", "F", "TT"),
    *(" x", "x ", "a b", "é", "\u2003", "\x7f", "\x1f", '"\\', "20260230", "y" * 15, "y" * 65),
    *("y" * 101, "z" * 201, "z" * 501),
]


@st.composite
def orders(draw):
    """A plain order of which some segments and elements are others."""
    number, *segments = PLAIN.split("\n")
    for _ in range(draw(st.integers(0, 4))):
        n = draw(st.integers(0, len(segments) - 1))
        match draw(st.sampled_from(("element", "element", "insert", "drop", "repeat", "shorten"))):
            case "element":
                elements = segments[n].split("*")
                k = draw(st.integers(0, len(elements) - 1))
                elements[k] = draw(st.sampled_from(ELEMENTS))
                segments[n] = "*".join(elements)
            case "insert":
                segments.insert(n, draw(st.sampled_from(SEGMENTS)))
            case "repeat":
                segments.insert(draw(st.integers(0, len(segments))), segments[n])
            case "shorten":
                segments[n] = segments[n].rpartition("*")[0] or segments[n]
            case _ if len(segments) > 1:
                del segments[n]
    usage, ends = draw(st.sampled_from("PPPT")), draw(st.sampled_from(("~\n", "~", "\r\n", "~ \t")))
    way = draw(st.sampled_from(("*>", "*>", "|^", "\x1d\x1f")))
    return wrapped("\n".join((number, *segments)), usage=usage, ends=ends, way=way)


def sets(text: str | bytes) -> list[Cut]:
    raw = text.encode() if isinstance(text, str) else text
    return [cut for cut in Cutter(BytesIO(raw)).cuts() if cut.fault is None]


def plain(cut: Cut) -> Order | None:
    return plain_order(cut, Envelope(cut, CONTEXT.timezone), CONTEXT)


def require_same(cut: Cut) -> Order | None:
    """Hold what a set says as a plain order, if it is one, against what its segments say."""
    found = plain(cut)
    if found is not None:
        (said,) = by_segments(cut, Envelope(cut, CONTEXT.timezone), CONTEXT)
        assert found == said
        assert msgspec.json.encode(found) == msgspec.json.encode(said)
    return found


@settings(max_examples=400)
@given(orders())
def test_what_is_plain_says_the_same_segment_by_segment(text):
    for cut in sets(text):
        require_same(cut)


@pytest.mark.parametrize("tag", ["", *sorted(KEPT), "N1*BT", "N1*SU", "PID"])
@pytest.mark.parametrize("ends", ["~\n", "~", "\r\n"])
def test_what_partners_send_most_is_plain(tag, ends):
    number, *segments = PLAIN.split("\n")
    if tag:
        at = segments.index("CTT*2") if tag == "PID" else 3
        segments.insert(at, f"{tag}*F****Text" if tag == "PID" else f"{tag}*A*B*C")
    (cut,) = sets(wrapped("\n".join((number, *segments)), ends=ends))
    assert require_same(cut) is not None


@needs_published
def test_published_orders_are_plain_or_say_why_not():
    found = {
        path.name: [require_same(cut) is not None for cut in sets(path.read_bytes())]
        for path in sorted(FIXTURES.glob("*/*850*"))
    }
    assert found["850.edi"] == [True]
    assert found["850_fat.edi"] == [True, True]
    # A test, with a currency, words and goods by the yard.
    assert found["x12.850a.edi"] == [False]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("*12*EA", "*12*CA"),
        ("*12*EA", "*0*EA"),
        ("*9.25*", "*-9.25*"),
        ("*MUG*", f"*{'x' * 65}*"),
        ("*MUG*", "* MUG*"),
        ("*MUG*", "*M\x1fUG*"),
        ("A mug", "x" * 501),
        ("CTT*2", "CTT*3"),
        ("BEG*00", "BEG*01"),
        ("N1*ST", "N1*SF"),
        ("N3*1", "PER*BD*Ann\nN3*1"),
        ("CTT*2", "MSG*Blue\nCTT*2"),
        ("AMT*1", "AMT*TT"),
    ],
)
def test_what_is_not_plain_is_read_segment_by_segment(old, new):
    (cut,) = sets(wrapped(PLAIN.replace(old, new, 1)))
    assert plain(cut) is None
