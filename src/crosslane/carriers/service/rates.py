"""Keeping carriers, services and tariffs, and reading them as one book."""

from collections.abc import Sequence

import msgspec
from msgspec import Struct

from crosslane.carriers.domain.drafts import CarrierDraft, TariffDraft, carrier_of, tariffs_of
from crosslane.carriers.domain.rates import Carrier, RateBook
from crosslane.carriers.errors import CarrierUnknown, ServiceTaken
from crosslane.carriers.port import PORTS
from crosslane.carriers.storage import rates as storage
from crosslane.kernel import Stale
from crosslane.platform import audit, facts, outbound
from crosslane.platform.audit import Change
from crosslane.platform.database import Tx
from crosslane.platform.lane import Command, CommandKind


class SaveCarrier(Struct, frozen=True):
    """A carrier as it shall be.

    Args:
        draft: all of it.
        version: the version that was read; None to save over whatever is there.
    """

    draft: CarrierDraft
    version: int | None = None


class AddTariff(Struct, frozen=True):
    """Prices of one carrier from a day on."""

    carrier: str
    tariff: TariffDraft


class TariffAdded(Struct, frozen=True):
    """How many prices were stored."""

    prices: int


async def _load(tx: Tx) -> RateBook:
    carriers = await storage.list_carriers(tx)
    return RateBook(carriers, await storage.list_services(tx), await storage.list_tariffs(tx))


RATES = facts.Fact(topic="carriers", load=_load)


async def rate_book(tx: Tx) -> RateBook:
    """Return all carriers, services and prices, from memory when nothing has changed."""
    return await facts.get(tx, RATES)


async def save_carrier(tx: Tx, wanted: SaveCarrier) -> Carrier:
    """Add a carrier, or replace what was known of it; its prices stay.

    Raises:
        Stale: it was changed since it was read.
        ServiceTaken: a service code is another carrier's.
        PrivateTarget: its interface lies inside this network.
        Refusal: a field does not hold.
    """
    book = await _book_to_edit(tx)
    carrier, services = carrier_of(wanted.draft, PORTS)
    if carrier.endpoint:
        outbound.require_public(carrier.endpoint, pointer="/endpoint")
    present = book.carriers.get(carrier.code)
    version = present.version if present else 0
    if wanted.version not in (None, version):
        raise Stale(present=version, given=wanted.version)
    for n, service in enumerate(services):
        owner = book.owner(service.code)
        if owner not in (None, carrier.code):
            raise ServiceTaken(pointer=f"/services/{n}/code", service=service.code, carrier=owner)
    await storage.upsert_carrier(tx, carrier, wanted.draft.api_key)
    await storage.replace_zones(tx, carrier)
    await storage.replace_rules(tx, carrier)
    await storage.replace_services(tx, carrier.code, services)
    await storage.replace_transit(tx, services)
    saved = msgspec.structs.replace(carrier, version=version + 1)
    # Written here and not left to the lane, whose row would hold the command and so the secret.
    change = Change(
        action=SAVE_CARRIER.name, subject=f"carrier:{saved.code}", before=present, after=saved
    )
    await audit.record(tx, [change])
    return saved


async def add_tariff(tx: Tx, wanted: AddTariff) -> TariffAdded:
    """Add prices that hold from a day on.

    Raises:
        CarrierUnknown: there is no such carrier.
        Refusal: a service or zone is not the carrier's, or weights do not rise.
    """
    book = await _book_to_edit(tx)
    carrier = book.carriers.get(wanted.carrier)
    if carrier is None:
        raise CarrierUnknown(code=wanted.carrier)
    tariffs = tariffs_of(wanted.tariff, carrier, book.services_of(carrier.code))
    await storage.replace_prices(tx, tariffs)
    return TariffAdded(prices=sum(len(tariff.prices) for tariff in tariffs))


async def _book_to_edit(tx: Tx) -> RateBook:
    """Return the book as it is until this transaction ends: edits wait for each other."""
    await facts.touch(tx, RATES.topic)
    return await rate_book(tx)


async def _save(tx: Tx, commands: Sequence[Command[SaveCarrier]]) -> list[Carrier]:
    return [await save_carrier(tx, command.body) for command in commands]


async def _add_tariff(tx: Tx, commands: Sequence[Command[AddTariff]]) -> list[TariffAdded]:
    return [await add_tariff(tx, command.body) for command in commands]


SAVE_CARRIER = CommandKind("carriers.save", SaveCarrier, Carrier, _save, batch_max=1)
ADD_TARIFF = CommandKind("carriers.add_tariff", AddTariff, TariffAdded, _add_tariff, batch_max=1)
