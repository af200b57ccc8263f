"""The customer's pages of one order, behind a signed link: plain HTML that needs no script.

Whoever has the link sees the state of the order: its goods and where they are, parcels with their
tracking, the pickup code, the money, invoices and credit notes. Goods are returned from there: the
customer chooses what, how many, why and for what, sees what it gives and until when or why not,
confirms, and gets a label for the post or a code for the counter; then the return can be followed.
Pages show no street, no e-mail and no telephone number, because links are passed on, and neither do
the copies of documents; a label has to, as long as it can be used.

A form carries a token that names the wish, so that sending it twice asks for one return.
"""

from crosslane.apps.order_page.routes import ROUTES

__all__ = ["ROUTES"]
