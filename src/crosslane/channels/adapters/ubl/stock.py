"""What partners are told of stock: InventoryReport."""

from collections.abc import Sequence

from crosslane.channels.adapters.telling import Conversation, Document, Outcome, Outgoing, Talk
from crosslane.channels.adapters.ubl.writing import (
    PIECE,
    basic,
    day_of,
    days,
    document,
    endpoint,
    identified,
    part,
    time_of,
)
from crosslane.channels.domain.messages import StockRow, SupplySnapshot

EVERYWHERE = "*"


def report(messages: Sequence[Outgoing], talk: Talk) -> Conversation:
    """Tell what a partner may count on; a report without articles says nothing."""
    outcomes: list[Outcome] = []
    for one in messages:
        said = one.message
        if not isinstance(said, SupplySnapshot):
            raise TypeError(f"{said} says nothing of stock")
        if not said.rows:
            outcomes.append(Outcome(state="needless"))
            continue
        yield inventory_report(one, said, talk)
        outcomes.append(Outcome())
    return outcomes


def inventory_report(one: Outgoing, said: SupplySnapshot, talk: Talk) -> Document:
    """Return the report of a place, which we as the seller write to who sells on."""
    at, now = day_of(said.event_at, talk), time_of(said.event_at, talk)
    us, them = (_party(talk.settings.get(name, "")) for name in ("our_id", "their_id"))
    place = talk.locations.get(said.location, said.location)
    where = "" if said.location == EVERYWHERE else place
    return document(
        one,
        "InventoryReport",
        where or "all",
        basic("UBLVersionID", "2.1"),
        basic("ID", f"{talk.channel or 'stock'}-{one.number}"),
        basic("IssueDate", at),
        basic("IssueTime", now),
        days("InventoryPeriod", at, at),
        part("RetailerCustomerParty", part("Party", them)) or "<cac:RetailerCustomerParty/>",
        part("InventoryReportingParty", us),
        part("SellerSupplierParty", part("Party", us)) or "<cac:SellerSupplierParty/>",
        *(_line(n, row, where) for n, row in enumerate(said.rows, 1)),
    )


def _party(address: str) -> str:
    scheme, _, number = address.partition(":")
    told = part("PartyIdentification", basic("ID", number, schemeID=scheme))
    return endpoint(number, scheme) + told


def _line(place: int, row: StockRow, where: str) -> str:
    return part(
        "InventoryReportLine",
        basic("ID", place),
        basic("Quantity", row.quantity, unitCode=PIECE),
        part("Item", *identified(row.sku, row.article, row.gtin)) or "<cac:Item/>",
        part("InventoryLocation", basic("ID", where)),
    )
