"""The way in and out, for staff: `/sign-in`, `/sign-out`, and `/`, which leads to one's own app.

Pages stand on the front door of the platform's auth: no rules, no SQL. Whatever is wrong with what
was typed, the answer is the same. Nobody is sent on to another host.
"""

from crosslane.apps.sign_in import entering
from crosslane.apps.sign_in.frame import PAGES

ROUTES = [*entering.ROUTES]

__all__ = ["PAGES", "ROUTES"]
