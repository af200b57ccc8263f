"""What we tell partners by EDIFACT: ORDRSP, DESADV, INVOIC, INVRPT and CONTRL, as they write it.

Who they are, which numbers they call things by, in which units they count and by which directory
they write is taken from what they asked; the connection's settings say the rest and win where both
do.
"""

from crosslane.channels.adapters.edi import COUNTS
from crosslane.channels.adapters.edi_telling import AT_ONCE_MAX
from crosslane.channels.adapters.edifact.telling.acknowledgment import acknowledge
from crosslane.channels.adapters.edifact.telling.inventory import inventory
from crosslane.channels.adapters.edifact.telling.invoice import invoice
from crosslane.channels.adapters.edifact.telling.partner import SETTINGS as PARTNER
from crosslane.channels.adapters.edifact.telling.reply import reply
from crosslane.channels.adapters.edifact.telling.sending import teller
from crosslane.channels.adapters.edifact.telling.shipment import SETTINGS as SHIPMENT
from crosslane.channels.adapters.edifact.telling.shipment import shipment
from crosslane.channels.adapters.telling import Telling

# Of stock in one document.
ROWS_MAX = 5_000
SETTINGS = {**PARTNER, **SHIPMENT, **COUNTS}
TELLS = {
    kind: Telling(tell=tell, at_once_max=AT_ONCE_MAX, rows_max=ROWS_MAX, note=note)
    for kind, tell, note in (
        ("order_reply", teller("ORDRSP", reply), "ORDRSP order response"),
        ("fulfillment", teller("DESADV", shipment), "DESADV despatch advice, when goods leave"),
        ("invoice", teller("INVOIC", invoice), "INVOIC invoice or credit note"),
        ("supply_snapshot", teller("INVRPT", inventory), "INVRPT inventory report"),
        ("acknowledgment", acknowledge, "CONTRL syntax and service report"),
    )
}

__all__ = ["SETTINGS", "TELLS"]
