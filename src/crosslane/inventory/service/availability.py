"""Availability for shops: what each channel could promise, of many SKUs at many locations."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

import msgspec

from crosslane.catalog import Variant
from crosslane.inventory.domain.survey import Arrival, Survey
from crosslane.inventory.events import AvailabilityMoved
from crosslane.inventory.service.codes import Codes, codes_of
from crosslane.inventory.service.surroundings import reserves_of
from crosslane.inventory.storage import surveys
from crosslane.kernel import Refusal, minute_of
from crosslane.locations import Location, network
from crosslane.organization import policies
from crosslane.platform.database import Tx
from crosslane.platform.gathering import Gathering
from crosslane.platform.standing import Mover, Stands

LOCATIONS_SHOWN_MAX = 250


class Question(msgspec.Struct, frozen=True):
    """What somebody wants to know.

    Args:
        skus: of which variants; of a bundle, what its parts make.
        channel: code of the channel that would sell; None sees what every channel may have.
        locations: codes of the locations that count; None for all.
    """

    skus: tuple[str, ...]
    channel: str | None = None
    locations: tuple[str, ...] | None = None


class AtLocation(msgspec.Struct, frozen=True):
    """Units that could be promised from a location."""

    location: str
    available: int


class Arriving(msgspec.Struct, frozen=True):
    """Units on their way that nobody was promised."""

    location: str
    available_on: date
    quantity: int


class SkuAvailability(msgspec.Struct, frozen=True):
    """What could be promised of a SKU.

    Args:
        available: units over all locations asked for; a bundle may come from several.
        locations: the same by location: those asked for, or those with most, at most
            LOCATIONS_SHOWN_MAX.
        arriving: what is on its way, the earliest first; never of a bundle.
    """

    sku: str
    available: int
    locations: tuple[AtLocation, ...]
    arriving: tuple[Arriving, ...]


class Availability(msgspec.Struct, frozen=True):
    """The answer, true at ``at``: a later decision may find less."""

    at: datetime
    channel: str | None
    items: tuple[SkuAvailability, ...]


class Read(msgspec.Struct, frozen=True):
    """A question with its codes looked up."""

    question: Question
    variants: tuple[Variant, ...]
    channel_id: UUID | None
    places: tuple[Location, ...] | None

    def parts(self) -> list[UUID]:
        """Return the variants that lie on shelves for it: a bundle stands for its components."""
        return [part for variant in self.variants for part in _parts(variant)]


class Found(msgspec.Struct, frozen=True):
    """An answer, and how long it stands."""

    shown: Availability
    stands: Stands


async def availability(tx: Tx, questions: Sequence[Question]) -> list[Found | Refusal]:
    """Answer many questions by one read of the stock.

    Each is answered or refused by itself: UnknownSku, UnknownChannel or LocationUnknown.
    """
    codes = await codes_of(tx, [sku for question in questions for sku in question.skus])
    reads = [_read(codes, question) for question in questions]
    understood = [read for read in reads if isinstance(read, Read)]
    parts = list({part for read in understood for part in read.parts()})
    named = _named(understood)
    stock = {row.variant_id: row for row in await surveys.list_stock(
        tx, parts, minute_of(tx.now), named
    )}  # fmt: skip
    coming = await surveys.list_arrivals(tx, parts, named)
    reserves = await reserves_of(tx, parts)
    known = (await network(tx)).by_id
    until = await _same_until(tx)
    answers: list[Found | Refusal] = []
    for read in reads:
        if isinstance(read, Refusal):
            answers.append(read)
            continue
        survey = Survey(
            [stock[part] for part in dict.fromkeys(read.parts()) if part in stock],
            at=tx.now,
            reserves=reserves,
            channel_id=read.channel_id,
            arrivals={part: coming.get(part, ()) for part in read.parts()},
        )
        items = tuple(_item(survey, variant, read.places, known) for variant in read.variants)
        shown = Availability(tx.now, read.question.channel, items)
        keys = tuple(dict.fromkeys(read.parts()))
        answers.append(Found(shown, Stands(at=tx.now, keys=keys, until=until)))
    return answers


async def _same_until(tx: Tx) -> datetime:
    """Return when the clock may move what can be promised: a hold runs out, a policy begins.

    Not only when the next known hold does: one batch may let go of it and take another that ends
    sooner, of which nobody is told because as many units can be promised.
    """
    minute_ends = tx.now.replace(second=0, microsecond=0) + timedelta(minutes=1)
    begins = (await policies(tx)).next_start(tx.now)
    return minute_ends if begins is None else min(begins, minute_ends)


def _read(codes: Codes, question: Question) -> Read | Refusal:
    try:
        channel = codes.channel(question.channel, pointer="/channel")
        places = question.locations
        return Read(
            question,
            tuple(
                codes.variant(sku, pointer=f"/skus/{place}")
                for place, sku in enumerate(question.skus)
            ),
            channel and channel.id,
            None
            if places is None
            else tuple(
                codes.location(code, pointer=f"/locations/{place}")
                for place, code in enumerate(places)
            ),
        )
    except Refusal as refusal:
        return refusal


def _named(reads: Sequence[Read]) -> list[UUID] | None:
    """Return the locations to read; None for all, unless every question names some."""
    if any(read.places is None for read in reads):
        return None
    return list({place.id for read in reads for place in read.places or ()})


def _parts(variant: Variant) -> list[UUID]:
    if not variant.is_bundle:
        return [variant.id]
    return [component.variant_id for component in variant.components]


def _item(
    survey: Survey,
    variant: Variant,
    places: tuple[Location, ...] | None,
    known: Mapping[UUID, Location],
) -> SkuAvailability:
    needs = {variant.id: 1}
    if variant.is_bundle:
        needs = {part.variant_id: part.quantity for part in variant.components}

    def sets(has: Callable[[UUID], int]) -> int:
        return min(has(part) // quantity for part, quantity in needs.items())

    where = {at for part in needs for at in survey.candidates(part)}
    if places is not None:
        asked = {place.id for place in places}
        where = asked
        total = sets(lambda part: sum(survey.available(part, at) for at in asked))
    else:
        total = sets(survey.total)
    found = [
        AtLocation(known[at].code, sets(lambda part, at=at: survey.available(part, at)))
        for at in where
    ]
    shown = [at for at in found if at.available or places is not None]
    shown.sort(key=lambda at: (-at.available, at.location))
    arriving = () if variant.is_bundle else survey.arrivals(variant.id)
    return SkuAvailability(
        variant.sku,
        total,
        tuple(shown[:LOCATIONS_SHOWN_MAX]),
        tuple(_arriving(arrival, known) for arrival in arriving if _counts(arrival, places)),
    )


def _counts(arrival: Arrival, places: tuple[Location, ...] | None) -> bool:
    return places is None or any(place.id == arrival.location_id for place in places)


def _arriving(arrival: Arrival, known: Mapping[UUID, Location]) -> Arriving:
    return Arriving(known[arrival.location_id].code, arrival.available_on, arrival.quantity)


GATHERING = Gathering(availability)
MOVER = Mover(AvailabilityMoved, lambda event: event.variant_ids)
