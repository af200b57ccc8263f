"""What we tell partners by X12: 855, 856, 810, 846 and 997 in their own way of writing.

Who they are, which numbers they call things by and in which units they count is taken from what
they asked; the connection's settings say the rest and win where both do.
"""

from crosslane.channels.adapters.edi import COUNTS
from crosslane.channels.adapters.edi_telling import AT_ONCE_MAX
from crosslane.channels.adapters.telling import Telling
from crosslane.channels.adapters.x12.telling.acknowledgment import acknowledge
from crosslane.channels.adapters.x12.telling.inventory import inventory
from crosslane.channels.adapters.x12.telling.invoice import invoice
from crosslane.channels.adapters.x12.telling.partner import SETTINGS as PARTNER
from crosslane.channels.adapters.x12.telling.reply import reply
from crosslane.channels.adapters.x12.telling.sending import teller
from crosslane.channels.adapters.x12.telling.shipment import SETTINGS as SHIPMENT
from crosslane.channels.adapters.x12.telling.shipment import shipment

# Of stock in one document.
ROWS_MAX = 5_000
SETTINGS = {**PARTNER, **SHIPMENT, **COUNTS}
TELLS = {
    kind: Telling(tell=tell, at_once_max=AT_ONCE_MAX, rows_max=ROWS_MAX, note=note)
    for kind, tell, note in (
        ("order_reply", teller("PR", "855", reply), "855 purchase order acknowledgment"),
        ("fulfillment", teller("SH", "856", shipment), "856 ship notice, when goods leave"),
        ("invoice", teller("IN", "810", invoice), "810 invoice or credit memo"),
        ("supply_snapshot", teller("IB", "846", inventory), "846 inventory advice"),
        ("acknowledgment", acknowledge, "997 functional acknowledgment, TA1 where asked for"),
    )
}

__all__ = ["SETTINGS", "TELLS"]
