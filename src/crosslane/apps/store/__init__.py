"""What a store's people do today, with one hand, a phone and a scanner, `/store`.

One file and one folder of templates per area; a file answers pages and the forms on them. Pages
stand on front doors of modules: no rules, no SQL.
"""

from crosslane.apps.store.frame import PAGES

ROUTES: list = []

__all__ = ["PAGES", "ROUTES"]
