"""The frame of the office: its navigation and its templates."""

from importlib.resources import files

from crosslane.apps.office.order_filters import STATES, TONES
from crosslane.apps.viewing import view
from crosslane.customers import label_lines
from crosslane.platform.screens import Pages, Step

NAVIGATION: tuple[Step, ...] = (
    Step("Today", "/office", "layout-dashboard", "orders:read"),
    Step("Orders", "/office/orders", "inbox", "orders:read"),
    Step("Stock", "/office/stock", "boxes", "inventory:read"),
    Step("Locations", "/office/locations", "map-pin", "locations:read"),
    Step("Catalog", "/office/catalog", "tags", "catalog:read"),
    Step("Customers", "/office/customers", "heart", "customers:read"),
    Step("Returns", "/office/returns", "undo-2", "returns:read"),
    Step("Messages", "/office/messages", "mail", "channels:read"),
    Step("Rules", "/office/rules", "sliders-horizontal", "organization:read"),
    Step("People", "/office/people", "users", "auth:read"),
    Step("Audit", "/office/audit", "history", "audit:read"),
    Step("Machine", "/office/machine", "cpu", "operations:read"),
)

PAGES = Pages(
    files("crosslane.apps.office"),
    title="Office",
    navigation=NAVIGATION,
    finds="/office/palette",
    more={"label_lines": label_lines, "order_states": STATES, "order_tones": TONES},
)

__all__ = ["PAGES", "view"]
