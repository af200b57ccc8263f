"""Carriers over HTTP: rates, labels, tracking."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

from crosslane.carriers import service
from crosslane.carriers.domain import (
    Carrier,
    LabelRecord,
    LabelState,
    Quote,
    RateBook,
    Service,
    Speed,
    Tariff,
    TrackingStatus,
    ZoneRule,
    latest_status,
)
from crosslane.carriers.domain.drafts import (
    CarrierDraft,
    PriceDraft,
    ServiceDraft,
    TariffDraft,
    ZoneDraft,
    ZoneRuleDraft,
    require_day,
    show_districts,
    show_weekdays,
)
from crosslane.carriers.domain.shipment import TrackingEvent
from crosslane.carriers.errors import (
    BadCarrierCode,
    BadDistricts,
    BadTrackingMessage,
    BracketsUnordered,
    CarrierUnknown,
    DayOutOfRange,
    DefinedTwice,
    LabelNotPrinted,
    LabelUnknown,
    PortUnknown,
    ServiceTaken,
    ServiceUnknown,
    ZoneUndefined,
)
from crosslane.carriers.port import TrackingMessage
from crosslane.carriers.service import ADD_TARIFF, RECORD_TRACKING, SAVE_CARRIER
from crosslane.kernel import Page, matching
from crosslane.platform.calendar import NationUnknown
from crosslane.platform.outbound import PrivateTarget
from crosslane.platform.web import Answer, Caller, Document, Paging, Version, get, post, put

READ, WRITE, TRACK = "carriers:read", "carriers:write", "carriers:track"
SHEET_BYTES_MAX = 4 << 20


class ServiceShown(Struct, frozen=True):
    """A service; weekdays by name."""

    code: str
    name: str
    speed: Speed
    weight_max_grams: int
    length_max_mm: int
    collection_days: list[str]
    transit_days: list[str]
    delivery_days: list[str]
    transit: dict[str, int]
    active: bool


class CarrierShown(Struct, frozen=True):
    """A carrier with its zones, rules and services; its secret is never shown."""

    code: str
    name: str
    port: str
    endpoint: str
    tracking_url: str
    number_prefix: str
    country: str
    nation: str
    active: bool
    zones: list[ZoneDraft]
    zone_rules: list[ZoneRuleDraft]
    services: list[ServiceShown]
    version: int


class TariffShown(Struct, frozen=True):
    """Prices from a day on: the heaviest weight and the price of each bracket."""

    service: str
    zone: str
    currency: str
    valid_from: date
    brackets: list[tuple[int, int]]


class LabelShown(Struct, frozen=True):
    """A label, and what its carrier reports of the parcel.

    Args:
        label: what is known of it.
        status: status after all reports, null without any.
        events: the reports in the order in which things happened.
    """

    label: LabelRecord
    status: TrackingStatus | None
    events: list[TrackingEvent]


CARRIER_EXAMPLE = CarrierDraft(
    code="swift",
    name="Swift Parcels",
    port="house",
    country="GB",
    nation="ENG",
    zones=(ZoneDraft("MAINLAND", "Mainland", "GB", "ENG"),),
    zone_rules=(ZoneRuleDraft("MAINLAND", "GB"),),
    services=(ServiceDraft("SWIFT48", "Two days", "standard", {"MAINLAND": 2}),),
)
TARIFF_EXAMPLE = TariffDraft(
    valid_from=date(2011, 1, 4),
    currency="GBP",
    prices=(PriceDraft("SWIFT48", "MAINLAND", ((1_000, 300), (30_000, 900))),),
)
TRACKING_EXAMPLE = TrackingMessage(
    [
        TrackingEvent(
            "7001", "CX0000000123P", "delivered", datetime.fromisoformat("2011-01-07T11:20:00Z")
        )
    ]
)


@get("/api/v1/carriers", permission=READ)
async def list_carriers(caller: Caller, paging: Paging) -> Page[CarrierShown]:
    """List carriers by code."""
    after = paging.after(str)
    async with caller.read() as tx:
        book = await service.rate_book(tx)
    known = [book.carriers[code] for code in sorted(book.carriers) if not after or code > after[0]]
    shown = [_shown(book, carrier) for carrier in known[: paging.limit + 1]]
    return paging.page(shown, key=lambda carrier: (carrier.code,))


@get("/api/v1/carriers/{code}", permission=READ, raises=(CarrierUnknown,))
async def show_carrier(caller: Caller, code: str) -> Answer[CarrierShown]:
    """Show one carrier."""
    async with caller.read() as tx:
        book = await service.rate_book(tx)
    carrier = _carrier(book, code)
    return Answer(body=_shown(book, carrier), version=carrier.version)


@put(
    "/api/v1/carriers/{code}",
    permission=WRITE,
    command=SAVE_CARRIER,
    raises=(
        PortUnknown,
        ServiceTaken,
        ZoneUndefined,
        PrivateTarget,
        BadCarrierCode,
        BadDistricts,
        DefinedTwice,
        NationUnknown,
    ),
    body_bytes_max=SHEET_BYTES_MAX,
    example=CARRIER_EXAMPLE,
)
async def save_carrier(
    caller: Caller, code: str, data: CarrierDraft, version: Version | None = None
) -> Answer[CarrierShown]:
    """Add a carrier, or replace it with all its zones and services.

    Services left out are retired. Prices stay as they are.
    """
    draft = msgspec.structs.replace(data, code=code)
    saved = await caller.submit(SAVE_CARRIER, service.SaveCarrier(draft, version))
    async with caller.read() as tx:
        book = await service.rate_book(tx)
    return Answer(body=_shown(book, book.carriers[code]), version=saved.version)


@get("/api/v1/carriers/{code}/tariffs", permission=READ, raises=(CarrierUnknown,))
async def list_tariffs(
    caller: Caller, code: str, paging: Paging, service_: str | None = None
) -> Page[TariffShown]:
    """List a carrier's prices by service, zone and first day; past and coming ones too."""
    after = paging.after(str, str, date)
    async with caller.read() as tx:
        book = await service.rate_book(tx)
    _carrier(book, code)
    found = [
        _tariff(tariff)
        for tariff in book.tariffs_of(code)
        if service_ in (None, tariff.service)
        and (after is None or (tariff.service, tariff.zone, tariff.valid_from) > after)
    ]
    return paging.page(found[: paging.limit + 1], key=lambda t: (t.service, t.zone, t.valid_from))


@post(
    "/api/v1/carriers/{code}/tariffs",
    permission=WRITE,
    command=ADD_TARIFF,
    raises=(
        CarrierUnknown,
        ServiceUnknown,
        ZoneUndefined,
        DefinedTwice,
        DayOutOfRange,
        BracketsUnordered,
    ),
    body_bytes_max=SHEET_BYTES_MAX,
    example=TARIFF_EXAMPLE,
)
async def add_tariff(caller: Caller, code: str, data: TariffDraft) -> service.TariffAdded:
    """Add prices that hold from a day on.

    Prices of the same service, zone and first day are replaced.
    """
    return await caller.submit(ADD_TARIFF, service.AddTariff(code, data))


@get("/api/v1/carrier-quotes", permission=READ, raises=(DayOutOfRange,))
async def list_quotes(
    caller: Caller,
    country: Annotated[str, matching("[A-Z]{2}")],
    weight_grams: Annotated[int, Meta(ge=1, le=10**8)],
    postcode: Annotated[str, Meta(max_length=16)] = "",
    length_mm: Annotated[int, Meta(ge=0, le=10**6)] = 0,
    shipped_on: date | None = None,
    speed: Speed | None = None,
) -> list[Quote]:
    """Show every service that carries a parcel to an address, cheapest first."""
    async with caller.read() as tx:
        book, today = await service.rate_book(tx), tx.now.date()
    day = require_day(shipped_on or today, pointer="/shipped_on")
    return book.quotes(country, postcode, weight_grams, day, length_mm=length_mm, speed=speed)


@get("/api/v1/labels", permission=READ)
async def list_labels(
    caller: Caller,
    paging: Paging,
    parcel_id: UUID | None = None,
    location_id: UUID | None = None,
    state: LabelState | None = None,
) -> Page[LabelRecord]:
    """List labels, newest first."""
    own = caller.actor.location_id
    if own is not None and location_id is not None:
        caller.require_location(location_id)
    after = paging.after(datetime, UUID)
    async with caller.read() as tx:
        found = await service.list_labels(
            tx,
            before=after,
            parcel_id=parcel_id,
            location_id=own or location_id,
            state=state,
            limit=paging.limit + 1,
        )
    return paging.page(found, key=lambda label: (label.requested_at, label.id))


@get("/api/v1/labels/{label_id}", permission=READ, raises=(LabelUnknown,))
async def show_label(caller: Caller, label_id: UUID) -> LabelShown:
    """Show one label with what its carrier reports of the parcel."""
    async with caller.read() as tx:
        label = await service.label(tx, label_id)
        caller.require_location(label.location_id)
        events = await service.tracking_events(tx, label)
    return LabelShown(label, latest_status(events), events)


@get(
    "/api/v1/labels/{label_id}/document",
    permission=READ,
    raises=(LabelUnknown, LabelNotPrinted),
    produces="application/pdf",
)
async def show_document(caller: Caller, label_id: UUID) -> Document:
    """Download a label, to be printed on 4 x 6 inches."""
    async with caller.read() as tx:
        label = await service.label(tx, label_id)
        caller.require_location(label.location_id)
        content, mime = await service.label_document(tx, label_id)
    name = f"label-{label.tracking_number}.{'png' if mime == 'image/png' else 'pdf'}"
    return Document(content=content, media_type=mime, filename=name)


@post(
    "/api/v1/carriers/{code}/tracking-events",
    permission=TRACK,
    command=RECORD_TRACKING,
    raises=(CarrierUnknown, BadTrackingMessage),
    example=TRACKING_EXAMPLE,
)
async def record_tracking(
    caller: Caller, code: str, data: TrackingMessage
) -> service.TrackingResult:
    """Record what a carrier reports.

    Reports may come late, twice and in any order. A report of a tracking number that is not known
    yet is kept until it is.
    """
    wanted = service.RecordTracking(code, msgspec.json.encode(data))
    return await caller.submit(RECORD_TRACKING, wanted)


def _carrier(book: RateBook, code: str) -> Carrier:
    found = book.carriers.get(code)
    if found is None:
        raise CarrierUnknown(code=code)
    return found


def _shown(book: RateBook, carrier: Carrier) -> CarrierShown:
    return CarrierShown(
        code=carrier.code,
        name=carrier.name,
        port=carrier.port,
        endpoint=carrier.endpoint,
        tracking_url=carrier.tracking_url,
        number_prefix=carrier.number_prefix,
        country=carrier.country,
        nation=carrier.nation,
        active=carrier.active,
        zones=[
            ZoneDraft(zone.code, zone.name, zone.country, zone.nation)
            for zone in carrier.zones.values()
        ],
        zone_rules=[_rule(rule) for rule in carrier.rules],
        services=[_service(sold) for sold in book.services_of(carrier.code)],
        version=carrier.version,
    )


def _rule(rule: ZoneRule) -> ZoneRuleDraft:
    return ZoneRuleDraft(rule.zone, rule.country, rule.area, show_districts(rule.districts))


def _service(sold: Service) -> ServiceShown:
    return ServiceShown(
        code=sold.code,
        name=sold.name,
        speed=sold.speed,
        weight_max_grams=sold.weight_max_grams,
        length_max_mm=sold.length_max_mm,
        collection_days=show_weekdays(sold.collection_days),
        transit_days=show_weekdays(sold.transit_days),
        delivery_days=show_weekdays(sold.delivery_days),
        transit=dict(sold.transit),
        active=sold.active,
    )


def _tariff(tariff: Tariff) -> TariffShown:
    return TariffShown(
        service=tariff.service,
        zone=tariff.zone,
        currency=tariff.currency,
        valid_from=tariff.valid_from,
        brackets=list(zip(tariff.weights, tariff.prices, strict=True)),
    )


ROUTES = [
    list_carriers,
    show_carrier,
    save_carrier,
    list_tariffs,
    add_tariff,
    list_quotes,
    list_labels,
    show_label,
    show_document,
    record_tracking,
]
