"""The way in and out, for staff, and one's own account.

`/sign-in` and `/sign-in/code`, `/sign-out`, `/switch` (shared devices of stores), `/invitations`,
`/me`; `/` leads to one's own app. Pages stand on the front door of the platform's auth: no rules,
no SQL. Whatever is wrong with what was typed, the answer is the same. Nobody is sent on to another
host.
"""

from crosslane.apps.sign_in import away, entering, invited, profile, switching
from crosslane.apps.sign_in.frame import PAGES

ROUTES = [*entering.ROUTES, *away.ROUTES, *switching.ROUTES, *invited.ROUTES, *profile.ROUTES]

__all__ = ["PAGES", "ROUTES"]
