"""The customer's pages of one order, behind a signed link; no sign-in, and no script is needed.

Whoever has the link sees the state of the order: its goods and where they are, parcels with their
tracking, the place of pickup with its hours and code, the money, invoices and credit notes. What
nobody has taken from a shelf yet can be given up there, and what nobody works on yet can be sent
elsewhere; what either comes to is shown before it is done. Goods are returned from there: the
customer chooses what, how many, why and for what, sees what it gives and until when or why not,
confirms, and gets a label for the post or a code for the counter; then the return can be followed.
Pages show no street, no e-mail and no telephone number, because links are passed on, and neither do
the copies of documents; a label has to, as long as it can be used.

A form carries a token that names the wish, so that sending it twice asks for one return.
"""

from crosslane.apps.order_page.routes import ROUTES

__all__ = ["ROUTES"]
