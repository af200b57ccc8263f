"""In what is counted (element 6411, Recommendation 20), by the rules of ``x12/units.py``.

A packing (CT, CS, PK, …) is as many pieces as its line says by QTY 59 or 52, or nobody does.
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


def pieces_in(unit: str, pack: int | None) -> int | None:
    """Return how many pieces a unit is, None when nobody says.

    Args:
        unit: code of it.
        pack: units in a pack as the line says, None when it does not.
    """
    if unit in PIECES or unit in MEASURES:
        return 1
    if unit in COUNTS:
        return COUNTS[unit]
    return pack if pack is not None and 0 < pack <= PACK_MAX else None
