"""What a replay needs to know of the world it plays in."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal
from uuid import UUID

from msgspec import Struct

from crosslane.demo.inbox import Inbox

# The channels of the demo. Phone and trade-web sell to trade accounts, tills to whoever comes in.
PHONE, TRADE_WEB, TRADE_IE = "phone", "trade-web", "trade-ie"
WEB, MARKETPLACE = "web", "marketplace"
TILLS, FRANCHISE_TILLS = "tills", "franchise-tills"

# Takes over nothing unless told: the carrier whose outage the demo plays.
OUTAGE_CARRIER, OUTAGE_SERVICE = "swift", "SWIFT24"
HOME_SERVICE, EXPORT_SERVICE, FREIGHT_SERVICE = "STANDARD48", "EXPORT", "FREIGHT"
PROVIDER = "house"

Role = Literal["associate", "agent", "manager", "admin"]


class Access(Struct, frozen=True):
    """A channel and the key it shows.

    Args:
        code: code of the channel.
        type: web, phone, marketplace or store.
        currency: of its orders.
        tax_mode: ``exclusive`` channels name prices without tax.
        key: API key.
    """

    code: str
    type: str
    currency: str
    tax_mode: str
    key: str


class Login(Struct, frozen=True):
    """A person who works here and has signed in.

    Args:
        code: number of the member of staff, as attributions name it.
        email: what the person signs in with.
        password: and the password.
        role: what the person may do.
        location: code of the only location the person works at, "" for all.
        token: token of the open session.
    """

    code: str
    email: str
    password: str
    role: Role
    location: str
    token: str


class Place(Struct, frozen=True):
    """A site or warehouse.

    Args:
        code: as in the list of sites.
        id: identifier in Crosslane.
        kind: store or warehouse.
        format: FULL, SMALL, TRAVEL, OUTLET, HOME, FRANCHISE; of warehouses NDC, RDC, EFC, RTN.
        entity: code of the legal entity that owns it.
        country: ISO 3166 code; Jersey, Guernsey and Man have their own.
        postcode: where it is.
        easting: metres on the British National Grid.
        northing: metres on the same grid.
        abilities: what it does for orders.
    """

    code: str
    id: UUID
    kind: Literal["store", "warehouse"]
    format: str
    entity: str
    country: str
    postcode: str
    easting: int
    northing: int
    abilities: tuple[str, ...]


class Account(Struct, frozen=True):
    """A trade account; name and address are invented.

    Args:
        number: account number in the order lines.
        customer_id: identifier in Crosslane.
        channel: where it buys by itself (``trade-web``, in Ireland ``trade-ie``); by telephone it
            buys through ``phone``.
        name: what it is called.
        email: where its messages go.
        address: as the API takes an address.
    """

    number: str
    customer_id: UUID
    channel: str
    name: str
    email: str
    address: dict[str, object]


class Planned(Struct, frozen=True):
    """A fact of the outside that comes in when the replay gets to its business time.

    Args:
        at: when.
        path: where it is posted, below ``/api/v1/``.
        body: what is posted; it names ``at`` itself.
        key: idempotency key.
        staff: number of the member of staff who tells it, "" for the outside.
    """

    at: datetime
    path: str
    body: dict[str, object]
    key: str
    staff: str = ""


class World(Struct, frozen=True):
    """The founded retailer.

    Args:
        address: where Crosslane answers, such as ``http://127.0.0.1:8700``.
        tenant: name of the tenant.
        operator_key: API key that may do everything; founds and reads, places nothing.
        channels: by code.
        logins: by number of the member of staff.
        places: by code.
        accounts: trade accounts by number.
        till_stores: codes of the stores whose tills sell; see ``till_of``.
        delivered_only: SKUs that nobody may pick up at a store.
        replenishments: goods that arrive later, in the order of time.
        counts: what staff count, in the order of time.
        inbox: the mail customers have got, with their pickup codes.
        provider_url: where the strict payment provider is, for its ``/control`` paths.
        carrier_url: where the strict carrier is, for its ``/control`` paths.
        euro_per_pound: price of a pound in the Irish channel, as a numerator and a denominator.
    """

    address: str
    tenant: str
    operator_key: str
    channels: Mapping[str, Access]
    logins: Mapping[str, Login]
    places: Mapping[str, Place]
    accounts: Mapping[str, Account]
    till_stores: tuple[str, ...]
    delivered_only: frozenset[str]
    replenishments: tuple[Planned, ...]
    counts: tuple[Planned, ...]
    inbox: Inbox
    provider_url: str
    carrier_url: str
    euro_per_pound: tuple[int, int] = (5, 4)
