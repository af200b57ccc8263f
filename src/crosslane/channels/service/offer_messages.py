"""The messages of offers: made of what differs, made anew right before the call, and their ends.

What a message says when it is told is read in the moment before: between being said and being told
units may go, and a channel is never told of units that are gone.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec

from crosslane import catalog
from crosslane.catalog import Variant
from crosslane.channels.domain.messages import StockRow, SupplySnapshot, kind_of
from crosslane.channels.domain.offering import EVERYWHERE
from crosslane.channels.domain.reports import PricePatch
from crosslane.channels.service.offering import PRICE, STOCK, Now, Terms, open_terms, what_is
from crosslane.channels.service.saying import Saying, say, voices
from crosslane.channels.storage import offers as storage
from crosslane.channels.storage.offers import Ended, Looked, Offered, Result, Sort
from crosslane.kernel import new_id
from crosslane.platform.database import Tx

# A price is a message of its own, and those of a turn must not keep others waiting.
LOOKED_AT_ONCE_MAX: Mapping[Sort, int] = {STOCK: 1_000, PRICE: 200}
REFUSED_AGAIN = timedelta(hours=1)
# What was refused together is told in smaller and smaller parts, until what is refused is alone.
PORTIONS = (16, 1)
PRICE_NAMES = ("unit_price_milli", "was_milli", "currency", "includes_tax")


async def offered(tx: Tx) -> dict[str, frozenset[Sort]]:
    """Return the channels that are told of stock or prices, and of which; from memory."""
    told: dict[str, frozenset[Sort]] = {}
    for code, voice in (await voices(tx)).items():
        kinds = {kind for kind in (STOCK, PRICE) if voice.tells(kind)}
        if PRICE in kinds:
            terms = await open_terms(tx, code)
            if not any(one.prices for one in terms.offerings()):
                kinds.discard(PRICE)
        if kinds:
            told[code] = frozenset(kinds)
    return told


async def look(tx: Tx, channel: str, kinds: Collection[Sort]) -> None:
    """Look at what is marked of a channel's offers, and say what differs.

    Args:
        tx: open transaction, in which the channel's row is locked.
        channel: code of the channel.
        kinds: what it is told of.
    """
    for kind in sorted(kinds):
        due = await storage.lock_due(tx, channel, kind, tx.now, LOOKED_AT_ONCE_MAX[kind])
        if due:
            await _look(tx, channel, kind, due)


async def _look(tx: Tx, channel: str, kind: Sort, due: Sequence[Offered]) -> None:
    variants = await catalog.variants_by_id(tx, [one.variant_id for one in due])
    terms = await open_terms(tx, channel, list(variants.values()))
    now = await what_is(tx, terms, kind, list(variants.values()))
    there = [one for one in due if one.variant_id in now and now[one.variant_id].named]
    kept = {one.variant_id for one in there}
    if gone := [one for one in due if one.variant_id not in kept]:
        await storage.delete_offers(tx, channel, gone)
    telling = (await voices(tx))[channel].family.tells[kind]
    rows_max = 1 if kind == PRICE else telling.rows_max
    all_of_it = await storage.count_offers(tx, channel, kind, rows_max)
    said: list[Saying] = []
    asked: dict[UUID, dict[str, str]] = defaultdict(dict)
    for part in _portions(kind, there, now, rows_max):
        number = str(new_id())
        whole = len(part.offers) == all_of_it
        message = _message(terms, part, number, now, variants, complete=whole)
        said.append(Saying(channel=channel, message=message, key=telling_key(number)))
        for offer in part.offers:
            asked[offer.variant_id][part.place] = number
    looked = [
        Looked(
            kind=kind,
            variant_id=one.variant_id,
            asked=asked[one.variant_id],
            look_at=now[one.variant_id].changes_at,
        )
        for one in there
    ]
    await storage.save_looked(tx, channel, looked)
    await say(tx, said)


def telling_key(telling: str) -> str:
    """Return the key of a message of offers."""
    return f"offers:{telling}"


class _Part(msgspec.Struct, frozen=True):
    """Offers that are told by one message, for one location."""

    kind: Sort
    place: str
    offers: tuple[Offered, ...]


def _portions(
    kind: Sort, offers: Sequence[Offered], now: Mapping[UUID, Now], rows_max: int
) -> Iterator[_Part]:
    """Share what differs into messages; what was refused before goes by itself."""
    differs: dict[tuple[str, int], list[Offered]] = defaultdict(list)
    for one in offers:
        most = rows_max if not one.refusals else PORTIONS[min(one.refusals, len(PORTIONS)) - 1]
        for place, value in _wanted(one, now[one.variant_id]).items():
            if one.stands.get(place) != value:
                differs[place, min(most, rows_max)].append(one)
    for (place, most), them in sorted(differs.items()):
        for start in range(0, len(them), most):
            yield _Part(kind, place, tuple(them[start : start + most]))


def _wanted(offer: Offered, now: Now) -> Mapping[str, Any]:
    """Return what a channel has to stand at: where it is not told any more, it has none."""
    if offer.kind == PRICE:
        return now.values
    return {place: 0 for place, units in offer.stands.items() if units} | dict(now.values)


def _message(
    terms: Terms,
    part: _Part,
    telling: str,
    now: Mapping[UUID, Now],
    variants: Mapping[UUID, Variant],
    *,
    complete: bool,
) -> SupplySnapshot | PricePatch:
    if part.kind == PRICE:
        (one,) = part.offers
        return _price(terms, one.sku, now[one.variant_id].values[part.place])
    return SupplySnapshot(
        source_id=f"offers/{telling}",
        event_at=terms.at,
        location=part.place,
        complete=complete,
        rows=tuple(
            _row(
                terms,
                variants[one.variant_id],
                one.sku,
                _wanted(one, now[one.variant_id])[part.place],
            )
            for one in part.offers
        ),
    )


def _row(terms: Terms, variant: Variant, sku: str, units: int) -> StockRow:
    names = terms.names.get(variant.sku, {})
    return StockRow(
        sku=sku,
        quantity=units,
        article=names.get("stock") or names.get("article", ""),
        gtin=variant.gtin or "",
    )


def _price(terms: Terms, sku: str, value: Mapping[str, Any]) -> PricePatch:
    return PricePatch(
        source_id=sku,
        event_at=terms.at,
        article=terms.names.get(sku, {}).get("article", ""),
        sku=sku,
        **value,
    )


class Fresh(msgspec.Struct, frozen=True, kw_only=True):
    """What a message says at the moment of telling.

    Args:
        message: None when nothing of it is to be told any more.
        known: what the channel calls the articles, by ``article:<sku>`` and ``stock:<sku>``.
    """

    message: SupplySnapshot | PricePatch | None
    known: Mapping[str, str] = {}


async def fresh(
    tx: Tx, channel: str, waiting: Mapping[UUID, SupplySnapshot | PricePatch]
) -> dict[UUID, Fresh]:
    """Return what messages of offers say now, in place of what they said when they were made.

    Args:
        tx: open transaction, of the moment of telling.
        channel: code of the channel.
        waiting: messages by their ids.
    """
    told: dict[UUID, Fresh] = {}
    for kind in (STOCK, PRICE):
        theirs = {one: message for one, message in waiting.items() if kind_of(message) == kind}
        skus = {sku for message in theirs.values() for sku in _skus(message)}
        if not skus:
            continue
        offers = {one.sku: one for one in await storage.list_offered(tx, channel, kind, [*skus])}
        ids = [one.variant_id for one in offers.values()]
        variants = await catalog.variants_by_id(tx, ids)
        terms = await open_terms(tx, channel, list(variants.values()))
        now = await what_is(tx, terms, kind, list(variants.values()))
        known = _known(terms, offers, variants)
        for one, message in theirs.items():
            new = _renewed(terms, message, offers, now, variants)
            told[one] = Fresh(message=new, known=known)
    return told


def _renewed(
    terms: Terms,
    message: SupplySnapshot | PricePatch,
    offers: Mapping[str, Offered],
    now: Mapping[UUID, Now],
    variants: Mapping[UUID, Variant],
) -> SupplySnapshot | PricePatch | None:
    place = _place(message)
    there = [one for sku in _skus(message) if (one := offers.get(sku)) and one.variant_id in now]
    wanted = {one.sku: _wanted(one, now[one.variant_id]) for one in there}
    values = {
        one.sku: wanted[one.sku][place]
        for one in there
        if place in wanted[one.sku] and one.stands.get(place) != wanted[one.sku][place]
    }
    if not values:
        return None
    if isinstance(message, PricePatch):
        return _price(terms, message.sku, values[message.sku])
    rows = tuple(
        _row(terms, variants[offers[sku].variant_id], sku, units) for sku, units in values.items()
    )
    return msgspec.structs.replace(
        message,
        rows=rows,
        event_at=terms.at,
        complete=message.complete and len(rows) == len(message.rows),
    )


class Ending(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a message of offers.

    Args:
        key: of the message.
        made: what it said when it was made.
        said: what it said when it was told, None when nothing was to be told any more.
        state: as of the message.
        code: why it was not told.
        learnt: what its telling has learnt; ``refused:<sku>`` says why a row of it was not taken.
    """

    key: str
    made: SupplySnapshot | PricePatch
    said: SupplySnapshot | PricePatch | None
    state: str
    code: str = ""
    learnt: Mapping[str, str] = {}


async def end(tx: Tx, channel: str, endings: Sequence[Ending]) -> None:
    """Keep what a channel was told, so that what moves next is compared with it."""
    ended = [one for ending in endings for one in _ended(channel, ending)]
    await storage.end_tellings(tx, ended, again=REFUSED_AGAIN)


def _ended(channel: str, ending: Ending) -> Iterator[Ended]:
    kind, place = kind_of(ending.made), _place(ending.made)
    values = _values(ending.said) if ending.said is not None else {}
    for sku in _skus(ending.made):
        refused = ending.learnt.get(f"refused:{sku}", "")
        result: Result = "unsure"
        if sku not in values:
            result = "same"
        elif refused:
            result = "refused"
        elif ending.state == "superseded":
            result = "lost"
        elif ending.state in ("told", "needless"):
            result = "told"
        yield Ended(
            channel=channel,
            kind=kind,
            sku=sku,
            place=place,
            telling=ending.key.removeprefix("offers:"),
            result=result,
            value=values.get(sku),
            code=refused or (ending.code or ending.state if result == "unsure" else ""),
        )


def _place(message: SupplySnapshot | PricePatch) -> str:
    return message.location if isinstance(message, SupplySnapshot) else EVERYWHERE


def _skus(message: SupplySnapshot | PricePatch) -> list[str]:
    if isinstance(message, SupplySnapshot):
        return [row.sku for row in message.rows]
    return [message.sku]


def _values(message: SupplySnapshot | PricePatch) -> dict[str, Any]:
    if isinstance(message, SupplySnapshot):
        return {row.sku: row.quantity for row in message.rows}
    return {message.sku: {name: getattr(message, name) for name in PRICE_NAMES}}


def _known(
    terms: Terms, offers: Mapping[str, Offered], variants: Mapping[UUID, Variant]
) -> dict[str, str]:
    return {
        f"{part}:{one.sku}": name
        for one in offers.values()
        if one.variant_id in variants
        for part, name in terms.names.get(variants[one.variant_id].sku, {}).items()
    }
