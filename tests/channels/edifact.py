"""Messages of EDIFACT as partners write them, and interchanges around them."""

ORDER = """ORDERS
BGM+220+PO-1+9
DTM+137:20260104:102
FTX+DIN+++Ring twice:please
NAD+BY+4012345000009::9++Shops
COM+buyer@shops.example:EM
NAD+DP+4012345000016::9++Shop 1+1 High St+Town++44139+DE
CUX+2:EUR:9
LIN+1++4000862141404:SRV
PIA+1+MUG:SA::91+77-1:IN
IMD+F++:::A mug:of clay
QTY+21:12:PCE
PRI+AAA:9,25
UNS+S
MOA+86:111
CNT+2:1"""

CHANGE = """ORDCHG
BGM+230+CH-1+4
DTM+137:20260105:102
RFF+ON:PO-1
LIN+1+3
QTY+21:15:PCE
LIN+2+2
LIN+3+4
QTY+21:3
LIN+4+1
PIA+5+JAR:SA
QTY+21:2
PRI+AAA:4.5
UNS+S
CNT+2:4"""

SHIPMENT = """DESADV
BGM+351+SH-1+9
DTM+137:20260105:102
DTM+11:202601051500:203
DTM+17:20260107-20260108:718
RFF+ON:PO-9
NAD+SF+M1::9++Mill
TDT+20++30+31+UPSN
CPS+1
PAC+1++CT
GIN+BJ+354123450000000014+354123450000000021
LIN+1++4000862141404:SRV
PIA+1+MUG:IN+L7:NB
QTY+12:2:DZN
RFF+ON:PO-9:4
CPS+2+1
LIN+2++4000862141428:SRV
QTY+12:1
RFF+ON:PO-10
CNT+2:2"""


def wrapped(*messages: str, way: str = "+:'?", ends: str = "\n", syntax: str = "UNOC:3", una=""):
    """An interchange of messages that are written as their kind and segments, a line each."""
    parts = [f"UNB+{syntax}+BUYER:14+SELLER:14+260105:1000+7"]
    for n, text in enumerate(messages, 1):
        kind, *segments = text.split("\n")
        parts += [f"UNH+{n}+{kind}:D:01B:UN:EAN010", *segments, f"UNT+{len(segments) + 2}+{n}"]
    parts.append(f"UNZ+{len(messages)}+7")
    text = una + "".join(f"{part}'{ends}" for part in parts)
    return text if way == "+:'?" else text.translate(str.maketrans("+:'?", way))
