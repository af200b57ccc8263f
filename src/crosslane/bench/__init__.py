"""Benchmarks: one command each, against a baseline that is measured in the same run.

A time without a comparison says more of the machine than of the program. So each benchmark
prints the figure that was agreed on beside what it reached, or the ratio to the obvious way of
doing the same on the same machine. They are run by hand (`crosslane bench`, `make bench`); a test
never asserts a time.

Nouns: a :class:`Figure` is one number with its unit and the most or least it should be. A site is
an installation of its own with a retailer of a :class:`Scale`, made for one run and thrown away.

Doors: :func:`ready`, :func:`memory`, :func:`availability`, :func:`place`, :func:`dialogue`,
:func:`promise`, :func:`feed`, :func:`receipts`, :func:`react`, :func:`neighbours`,
:func:`held_orders`, :func:`reoptimising`, :func:`grow`, :func:`stating`, :func:`try_instances`,
:func:`sourcing`, :func:`returning`, :func:`intake`, :func:`lists`, :func:`screens`,
:func:`parsing`, :func:`offering` and :func:`abuse`; :func:`made_up` and :func:`write_instance` make
instances of a :class:`Family`.
"""

from crosslane.bench.abuse_year import abuse
from crosslane.bench.availability import availability
from crosslane.bench.dialogue import dialogue
from crosslane.bench.feed import feed
from crosslane.bench.figures import DEMO, QUICK, Figure, Scale, machine
from crosslane.bench.grow import grow
from crosslane.bench.held_back import HELD, held_orders
from crosslane.bench.instances import FAMILIES, Family, made_up, write_instance
from crosslane.bench.intake import intake
from crosslane.bench.listing import lists
from crosslane.bench.memory import memory
from crosslane.bench.neighbours import neighbours
from crosslane.bench.offering import OFFERED, offering
from crosslane.bench.parsing import parsing
from crosslane.bench.placing import BOOK, place
from crosslane.bench.promise import promise
from crosslane.bench.react import PACE, react
from crosslane.bench.ready import ready
from crosslane.bench.receipts import receipts
from crosslane.bench.reoptimising import OPEN_ORDERS, REOPTIMISING_SECONDS, reoptimising
from crosslane.bench.returning import RETURNED, returning
from crosslane.bench.screens import screens
from crosslane.bench.sourcing import (
    HINDSIGHT_SECONDS,
    Tried,
    figures_of,
    sourcing,
    together,
    try_families,
    try_instances,
)
from crosslane.bench.stating import STATED, stating

__all__ = [
    "BOOK",
    "DEMO",
    "FAMILIES",
    "HELD",
    "HINDSIGHT_SECONDS",
    "OFFERED",
    "OPEN_ORDERS",
    "PACE",
    "QUICK",
    "REOPTIMISING_SECONDS",
    "RETURNED",
    "STATED",
    "Family",
    "Figure",
    "Scale",
    "Tried",
    "abuse",
    "availability",
    "dialogue",
    "feed",
    "figures_of",
    "grow",
    "held_orders",
    "intake",
    "lists",
    "machine",
    "made_up",
    "memory",
    "neighbours",
    "offering",
    "parsing",
    "place",
    "promise",
    "react",
    "ready",
    "receipts",
    "reoptimising",
    "returning",
    "screens",
    "sourcing",
    "stating",
    "together",
    "try_families",
    "try_instances",
    "write_instance",
]
