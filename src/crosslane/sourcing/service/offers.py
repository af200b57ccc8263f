"""Giving and reading offers."""

from datetime import datetime, timedelta

from crosslane.organization import Channel, policies
from crosslane.platform.database import Tx
from crosslane.platform.seals import BrokenSeal, Seal
from crosslane.sourcing.domain import (
    OFFERS,
    Asked,
    Giver,
    Offer,
    SourcedMethod,
    SourcingRequest,
)
from crosslane.sourcing.errors import OfferForged

OFFER_CHARACTERS_MAX = 2_000
SEAL = Seal("crosslane.sourcing.offer.1", Offer, characters_max=OFFER_CHARACTERS_MAX)


async def offer_validity(tx: Tx, channel: Channel) -> timedelta:
    """Return how long offers of a channel hold."""
    decided, _ = (await policies(tx)).resolve(
        OFFERS, tx.now, channel=channel.code, brand=channel.brand
    )
    return timedelta(minutes=decided.minutes)


def giver_of(tx: Tx, request: SourcingRequest, goods: str, *, expires_at: datetime) -> Giver:
    """Return what writes the offers of a cart, each as a sealed text of its own.

    Args:
        tx: open transaction; it may have ended when offers are given.
        request: what is in the cart; the way it goes is not looked at.
        goods: fingerprint of all articles with their units.
        expires_at: business time from which the offers hold no more.
    """
    asked, tenant = Asked.by(request, goods), tx.tenant

    def give(
        method: SourcedMethod, promised_at: datetime, *, store: str = "", service: str = ""
    ) -> str:
        terms = asked.terms(method, store=store, service=service)
        return SEAL.sign(
            Offer(tenant=tenant, expires_at=expires_at, terms=terms, promised_at=promised_at)
        )

    return give


def give_offer(
    tx: Tx,
    request: SourcingRequest,
    goods: str,
    *,
    promised_at: datetime,
    expires_at: datetime,
) -> str:
    """Return the offer of a request as a sealed text.

    Args:
        tx: open transaction.
        request: how the goods reach the customer.
        goods: fingerprint of all articles of the offer with their units.
        promised_at: when the customer has everything at the latest, should it be ordered at the
            last moment.
        expires_at: business time from which the offer holds no more.

    Raises:
        SealsOff: this process has no key to seal with.
    """
    store = request.store.code if request.store else ""
    give = giver_of(tx, request, goods, expires_at=expires_at)
    return give(request.method, promised_at, store=store, service=request.service)


def read_offer(text: str, *, pointer: str = "") -> Offer:
    """Return an offer.

    Raises:
        OfferForged: it was not given here, or was changed.
        SealsOff: this process has no key to read with.
    """
    try:
        return SEAL.read(text)
    except BrokenSeal:
        raise OfferForged(pointer=pointer) from None
