"""Figures: what a benchmark says."""

import os
import platform
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec


class Scale(msgspec.Struct, frozen=True, kw_only=True):
    """How large the retailer is, and for how long things are measured.

    Args:
        stores: beside six warehouses, which have everything.
        articles: how many are sold.
        articles_per_store: how many of them lie in each store.
        parcels_per_day: how many each place can send, None for any number.
        seconds: how long a crowd is at it; a quarter of that before, to warm up.
        orders: how many are placed where a number of them is needed.
        feed_rows: how many positions a supply feed tells of.
        orders_grown: how many orders are stored, from few to many.
        places_grown: how many places there are, few and many.
        articles_grown: how many articles are sold, few and many.
        sales_a_day: how many a store has in the books.
        orders_listed: how many orders lists are read from.
        day_megabytes: how large a day file of others is.
    """

    stores: int = 815
    articles: int = 3_492
    articles_per_store: int = 50
    parcels_per_day: int | None = None
    seconds: float = 8.0
    orders: int = 2_000
    feed_rows: int = 1_000_000
    orders_grown: tuple[int, ...] = (10_000, 1_000_000)
    places_grown: tuple[int, int] = (10, 1_000)
    articles_grown: tuple[int, int] = (1_000, 100_000)
    sales_a_day: int = 300
    orders_listed: int = 1_000_000
    day_megabytes: int = 100


DEMO = Scale()
"""What the figures that were agreed on are for."""
QUICK = Scale(
    stores=4,
    articles=40,
    articles_per_store=5,
    parcels_per_day=100_000,
    seconds=0.5,
    orders=40,
    feed_rows=400,
    orders_grown=(80, 160),
    places_grown=(8, 12),
    articles_grown=(40, 60),
    sales_a_day=10,
    orders_listed=2_000,
    day_megabytes=2,
)
"""Only to see whether it runs."""


class Figure(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One measured number.

    Args:
        name: what was measured.
        value: how much.
        unit: of what.
        most: it should not be above this, None when that was not agreed on.
        least: it should not be below this.
        key: its name in the JSON document, "" when it is only among all figures there.
    """

    name: str
    value: float
    unit: str
    most: float | None = None
    least: float | None = None
    key: str = ""

    @property
    def reached(self) -> bool | None:
        """Whether it is as it should be; None when nothing was agreed on."""
        if self.most is None and self.least is None:
            return None
        above = self.most is not None and self.value > self.most
        below = self.least is not None and self.value < self.least
        return not (above or below)


def quantile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that at least this share of all values does not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * round(share * 1000) // 1000) - 1)]


def ratio(
    name: str, ours: float, baseline: float, *, key: str = "", least: float | None = None
) -> Figure:
    """Return how many times the baseline ours is."""
    value = round(ours / baseline, 3)
    return Figure(name=name, value=value, unit="times", key=key, least=least)


def machine() -> str:
    """Return what the figures were measured on: cores, processor, memory, system, Python."""
    memory_gib = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    return (
        f"{os.cpu_count()} cores, {_processor()}, {memory_gib:.0f} GiB, "
        f"{platform.system()} {platform.release()}, Python {platform.python_version()}"
    )


def _processor() -> str:
    if sys.platform == "linux":
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
