"""The customer's page of one order, behind a signed link: plain HTML that needs no script.

Whoever has the link sees the state of the order: its goods and where they are, parcels with their
tracking, the pickup code, and the money. It shows no street, no e-mail and no telephone number,
because links are passed on.
"""

from crosslane.apps.order_page.routes import ROUTES

__all__ = ["ROUTES"]
