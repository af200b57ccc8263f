"""The back office: what needs a person now, orders, stock, rules and the machine, `/office`.

One file and one folder of templates per area; a file answers pages and the forms on them. Pages
stand on front doors of modules: no rules, no SQL.
"""

from crosslane.apps.office import (
    audit,
    catalog,
    catalog_edit,
    catalog_pictures,
    customers,
    inbox,
    location_bins,
    location_edit,
    locations,
    machine,
    order,
    order_changes,
    order_deeds,
    orders,
    palette,
    people,
    return_asking,
    returns,
    rules,
    stock,
    stock_article,
    stock_coming,
    stock_correcting,
    stock_feeds,
    stock_why,
    today,
    transfer_new,
    transfers,
    webhooks,
    why,
)
from crosslane.apps.office.frame import PAGES

ROUTES = [
    *today.ROUTES,
    *orders.ROUTES,
    *order.ROUTES,
    *order_changes.ROUTES,
    *why.ROUTES,
    *return_asking.ROUTES,
    *returns.ROUTES,
    *order_deeds.ROUTES,
    *stock.ROUTES,
    *transfer_new.ROUTES,
    *transfers.ROUTES,
    *stock_article.ROUTES,
    *stock_why.ROUTES,
    *stock_correcting.ROUTES,
    *stock_coming.ROUTES,
    *stock_feeds.ROUTES,
    *locations.ROUTES,
    *location_edit.ROUTES,
    *location_bins.ROUTES,
    *catalog.ROUTES,
    *catalog_edit.ROUTES,
    *catalog_pictures.ROUTES,
    *customers.ROUTES,
    *inbox.ROUTES,
    *rules.ROUTES,
    *people.ROUTES,
    *audit.ROUTES,
    *machine.ROUTES,
    *webhooks.ROUTES,
    *palette.ROUTES,
]

__all__ = ["PAGES", "ROUTES"]
