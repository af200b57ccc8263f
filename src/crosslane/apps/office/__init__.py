"""The back office: what needs a person now, orders, stock, rules and the machine, `/office`.

One file and one folder of templates per area; a file answers pages and the forms on them. Pages
stand on front doors of modules: no rules, no SQL.
"""

from crosslane.apps.office import audit, machine, order_deeds, orders, people, rules
from crosslane.apps.office.frame import PAGES

ROUTES = [
    *orders.ROUTES,
    *order_deeds.ROUTES,
    *rules.ROUTES,
    *people.ROUTES,
    *audit.ROUTES,
    *machine.ROUTES,
]

__all__ = ["PAGES", "ROUTES"]
