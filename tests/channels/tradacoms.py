"""Files of TRADACOMS as partners write them, and transmissions around them."""

HEADER = """ORDHDR:9
TYP=0430+NEW-ORDERS
SDT=5000100001014:7215+Our Mill+Leeds
CDT=5000600003101:68100+Any Shop PLC+Head Office:72 King Street:London::EC2A 1AA
DNA=1++073:GBP+Ring twice:please
FIL=17+1+260104"""

ORDER = """ORDERS:9
CLO=5000600003240:S1:68322+Shop 1+1 High Street:Leeds:::LS1 1AA
ORD=PO-1:S-9:260103++N
DIN=260107+260108+0900+To the back:door
OLD=1+5000100481452:MUG+5000100074326+:77-1+12+2+1110000+P++A mug:of clay
DNB=1+1++128:Portugal+Blue ones
OTR=1"""

OTHER = """ORDERS:9
CLO=5000600003282:S2
ORD=PO-1::260103
OLD=1+:BOWL+++6+5
OLD=2+:JAR+++1+8
OTR=2+13"""

TRAILER = "ORDTLR:9\nOFT={count}"


def filed(*orders: str, header: str = HEADER) -> list[str]:
    """The messages of a file of orders."""
    return [header, *orders, TRAILER.format(count=len(orders))]


def sent(*messages: str, ends: str = "\n", about: str = "ORDHDR", batch: bool = False) -> str:
    """A transmission of messages that are written as their kind and segments, a line each."""
    parts = [f"STX=ANA:1+5000600003101:ANY SHOP+5000100001014+260105:1000+77+SECRET+{about}+B"]
    parts += ["BAT=1+ORDHDR"] if batch else []
    for n, text in enumerate(messages, 1):
        kind, *segments = text.split("\n")
        parts += [f"MHD={n}+{kind}", *segments, f"MTR={len(segments) + 2}"]
    parts += [f"EOB={len(messages)}"] if batch else []
    parts.append(f"END={len(messages)}")
    return "".join(f"{part}'{ends}" for part in parts)
