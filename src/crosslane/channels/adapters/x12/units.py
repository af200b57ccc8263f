"""In what is counted (element 355), and what a price is for (element 639).

Stock is counted in pieces. A dozen is twelve of them; how many a case holds the line itself says
(PO4), or the partners have agreed on it. Goods by the yard or pound are stock of yards and pounds,
if the catalog means it so, which somebody has to look at where nothing is agreed on.
"""

PIECE = "EA"
# A pair, a set and a kit are sold as one; what they are made of is no stock of its own.
PIECES = frozenset(("EA", "PC", "UN", "EACH", "PCE", "PR", "ST", "KT", "AS", ""))
# Words for so many pieces.
COUNTS = {"DZ": 12, "GS": 144, "HC": 100, "HU": 100, "TH": 1_000}
# By length, weight, area and volume; by time, what is done for somebody.
MEASURES = frozenset(
    (
        *("YD", "FT", "IN", "LF", "LY", "MR", "CM", "MM"),
        *("LB", "OZ", "KG", "GR", "TN"),
        *("SF", "SY", "SM", "CF", "CC", "CI", "CY"),
        *("GA", "QT", "PT", "LT", "ML", "FO"),
        *("HR", "DA", "WK", "MO", "YR"),
    )
)
PACK_MAX = 1_000_000
# So many pieces a price is for, where its code says so.
PRICED_FOR = {
    **dict.fromkeys(("PE", "LE", "QE", "RE", "TE", "WE"), 1),
    "PN": 10,
    **dict.fromkeys(("PD", "LD", "RD", "TD", "WD"), 12),
    **dict.fromkeys(("HP", "LC", "QH", "RC", "TC", "WC"), 100),
    **dict.fromkeys(("TP", "LM", "QS", "RM", "TM", "WM"), 1_000),
    "TT": 10_000,
    "HT": 100_000,
}
# The unit a price is for, and how many of it, where its code names one by weight or the like.
PRICED_BY = {
    **{"PP": ("LB", 1), "PO": ("OZ", 1), "PT": ("TN", 1), "PK": ("KG", 1), "PG": ("GR", 1)},
    **{"PF": ("FT", 1), "HF": ("FT", 100), "TF": ("FT", 1_000), "PY": ("YD", 1)},
    **{"PS": ("SF", 1_000), "PL": ("LT", 1), "ML": ("ML", 1)},
}
EACH, BY_UNIT = "PE", "UM"


def usual(unit: str) -> int | None:
    """Return how many pieces a unit is by its code, None for a pack, which leaves that open."""
    return 1 if unit in PIECES or unit in MEASURES else COUNTS.get(unit)


def packed(told: str) -> int | None:
    """Return how many pieces a pack holds, None when that is not told.

    Args:
        told: PO401 of the line.
    """
    is_number = told.isdecimal() and len(told) < 8 and 0 < int(told) <= PACK_MAX
    return int(told) if is_number else None
