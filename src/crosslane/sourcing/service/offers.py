"""Giving and reading offers."""

from datetime import datetime, timedelta

from crosslane.organization import Channel, policies
from crosslane.platform.database import Tx
from crosslane.platform.seals import BrokenSeal, Seal
from crosslane.sourcing.domain import OFFERS, Offer, SourcingRequest, terms_of
from crosslane.sourcing.errors import OfferForged

OFFER_CHARACTERS_MAX = 2_000
SEAL = Seal("crosslane.sourcing.offer.1", Offer, characters_max=OFFER_CHARACTERS_MAX)


async def offer_validity(tx: Tx, channel: Channel) -> timedelta:
    """Return how long offers of a channel hold."""
    decided, _ = (await policies(tx)).resolve(
        OFFERS, tx.now, channel=channel.code, brand=channel.brand
    )
    return timedelta(minutes=decided.minutes)


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
    return SEAL.sign(
        Offer(
            tenant=tx.tenant,
            expires_at=expires_at,
            terms=terms_of(request, goods),
            promised_at=promised_at,
        )
    )


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
