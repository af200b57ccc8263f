"""Carts: buying that is not finished yet, by one hand or several.

Nouns: :class:`Cart` (who, where, until when), :class:`Operation` (one edit: goods in, changed or
out, address, buyer, option, coupon, tender; with an id, its author and the version its author had
seen), :class:`Contents` (what a set of operations makes of a cart).

Operations are added and never changed. What a cart holds is folded from them by a pure function
(``domain.py``), so the same set in any order, any number of times, is the same cart. A cart holds
no personal data: a buyer and an address are rows of customers, named by id.

A cart expires by time, judged by whoever reads it: nothing has to run for that. An abandoned cart
stays as an intent (:func:`list_unplaced`) and is taken up again by the next edit.

Invariants: a removed line never comes back; an operation is stored once; a customer sees its own
carts only, an associate those of its own store and those of no store.

Policies: carts.keeping. Tables: carts_cart, carts_operation.
"""

from crosslane.carts.domain import Cart, Contents, Operation, fold
from crosslane.carts.errors import CartPlaced, NoSuchCart
from crosslane.carts.rest import ROUTES
from crosslane.carts.service.editing import EDIT, START
from crosslane.carts.service.reading import list_unplaced, show
from crosslane.carts.service.wishes import KEEPING, CartView, EditCart, StartCart

COMMANDS = [START, EDIT]
POLICIES = [KEEPING]

__all__ = [
    "COMMANDS",
    "EDIT",
    "KEEPING",
    "POLICIES",
    "ROUTES",
    "START",
    "Cart",
    "CartPlaced",
    "CartView",
    "Contents",
    "EditCart",
    "NoSuchCart",
    "Operation",
    "StartCart",
    "fold",
    "list_unplaced",
    "show",
]
