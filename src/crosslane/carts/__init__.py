"""Carts: buying that is not finished yet, by one hand or several.

Nouns: :class:`Cart` (who, where, until when), :class:`Operation` (one edit: goods in, changed or
out, address, buyer, option, coupon, tender; with an id, its author and the version its author had
seen), :class:`Contents` (what a set of operations makes of a cart).

Operations are added and never changed. What a cart holds is folded from them by a pure function
(``domain.py``), so the same set in any order, any number of times, is the same cart. A cart holds
no personal data: a buyer and an address are rows of customers, named by id.

A cart expires by time, judged by whoever reads it: nothing has to run for that. An abandoned cart
stays as an intent (:func:`list_unplaced`) and is taken up again by the next edit.

On request a cart's stock is held for some minutes, all of it or none: by ``carts.hold``, or with
the very edit that asks for it, which is then refused when the stock lacks. A quote
(:func:`quote`) prices it, signs the prices, tells when each line would come and seals that;
:func:`choices` tells the ways it could go, signed and sealed too. ``carts.place`` makes the order,
from held stock first; a refused order leaves the cart what it held. A channel whose policies let it
may tell the business time of a cart, its own number, prices and delivery price, as with
``orders.place``. Whoever of the staff put a line in is credited for it.

Invariants: a removed line never comes back; an operation is stored once; a cart becomes one order
at most; a customer sees its own carts only, an associate those of its own store and those of none.

Policies: carts.keeping. Tables: carts_cart, carts_operation, carts_hold.
"""

from crosslane.carts.domain import Cart, Contents, Operation, fold
from crosslane.carts.errors import CartPlaced, NoSuchCart
from crosslane.carts.rest import ROUTES
from crosslane.carts.service.choices import CartChoices, choices
from crosslane.carts.service.editing import EDIT, START
from crosslane.carts.service.holding import HOLD, CartHeld, HoldCart, forget_holds
from crosslane.carts.service.placing import PLACE, PlaceCart
from crosslane.carts.service.quoting import CartQuote, quote
from crosslane.carts.service.reading import list_unplaced, show
from crosslane.carts.service.wishes import KEEPING, CartView, EditCart, StartCart
from crosslane.platform.effects import Schedule

FORGET_EVERY_SECONDS = 3_600

COMMANDS = [START, EDIT, HOLD, PLACE]
POLICIES = [KEEPING]
SCHEDULES = [Schedule("carts.forget_holds", FORGET_EVERY_SECONDS, forget_holds)]

__all__ = [
    "COMMANDS",
    "EDIT",
    "HOLD",
    "KEEPING",
    "PLACE",
    "POLICIES",
    "ROUTES",
    "SCHEDULES",
    "START",
    "Cart",
    "CartChoices",
    "CartHeld",
    "CartPlaced",
    "CartQuote",
    "CartView",
    "Contents",
    "EditCart",
    "HoldCart",
    "NoSuchCart",
    "Operation",
    "PlaceCart",
    "StartCart",
    "choices",
    "fold",
    "list_unplaced",
    "quote",
    "show",
]
