"""What a store's people do today, with one hand, a phone and a scanner, `/store`.

One file and one template per area; a file answers pages and the forms on them. Pages stand on front
doors of modules: no rules, no SQL. Every address names the store, `/store/{code}/…`, and an
associate is kept to its own.

A button pressed is a form with its own wish. Without scripts it is sent as forms are; with them it
is written down in the browser first and sent from there, in order, whenever there is a network
(``store.js``): the wish makes sure that it is done once.
"""

from crosslane.apps.store import (
    arrivals,
    blind,
    leaving,
    offline,
    picking,
    pickups,
    returning,
    stock,
    today,
    transfers,
    work,
)
from crosslane.apps.store.frame import PAGES

ROUTES = [
    *offline.ROUTES,
    *today.ROUTES,
    *work.ROUTES,
    *picking.ROUTES,
    *leaving.ROUTES,
    *pickups.ROUTES,
    *arrivals.ROUTES,
    *transfers.ROUTES,
    *stock.ROUTES,
    *blind.ROUTES,
    *returning.ROUTES,
]

__all__ = ["PAGES", "ROUTES"]
