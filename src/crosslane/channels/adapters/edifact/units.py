"""In what is counted (element 6411, Recommendation 20), by the rules of ``x12/units.py``.

A packing (CT, CS, PK, …) is as many pieces as its line says by QTY 59 or 52, or as agreed on.
"""

# A pair, a set and a kit are sold as one; what they are made of is no stock of its own.
PIECES = frozenset(
    ("", "PCE", "PCS", "C62", "EA", "H87", "NAR", "NMB", "PC", "PR", "NPR", "SET", "KT", "E48")
)
# Words for so many pieces.
COUNTS = {"DZN": 12, "DZ": 12, "GRO": 144, "CEN": 100, "MIL": 1_000, "T3": 1_000}
# By length, weight, area, volume and time.
MEASURES = frozenset(
    (
        *("KGM", "KG", "GRM", "TNE", "LBR", "ONZ", "MGM"),
        *("MTR", "M", "CMT", "MMT", "KMT", "INH", "FOT", "YRD"),
        *("MTK", "CMK", "FTK", "MTQ", "CMQ", "DMQ"),
        *("LTR", "L", "MLT", "CLT", "DLT", "HLT"),
        *("HUR", "DAY", "WEE", "MON", "ANN", "MIN", "SEC"),
    )
)
PACK_MAX = 1_000_000


def usual(unit: str) -> int | None:
    """Return how many pieces a unit is by its code, None for a pack, which leaves that open."""
    return 1 if unit in PIECES or unit in MEASURES else COUNTS.get(unit)


def packed(told: str) -> int | None:
    """Return how many pieces a pack holds, None when that is not told.

    Args:
        told: QTY 59 or 52 of the line.
    """
    is_number = told.isdecimal() and len(told) < 10 and 0 < int(told) <= PACK_MAX
    return int(told) if is_number else None
