"""Offers: a way and a date that were shown, which hold for whoever places them in time.

An option is planned as if it were ordered at the last moment its offer holds. So neither a cut-off
nor the time that work takes comes in between; only stock and full days can, and then the order is
refused.
"""

from collections.abc import Iterable
from datetime import datetime
from hashlib import sha256
from typing import Annotated
from uuid import UUID

import msgspec

from crosslane.organization import PolicyKind
from crosslane.sourcing.domain.requests import SourcedMethod, SourcingRequest
from crosslane.sourcing.errors import OfferExpired, OfferMismatch

MINUTES_MAX = 24 * 60


class OfferPolicy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How long an offer holds, in minutes."""

    minutes: Annotated[int, msgspec.Meta(ge=1, le=MINUTES_MAX)] = 15


OFFERS = PolicyKind("sourcing.offers", OfferPolicy, OfferPolicy(), ("channel", "brand", "tenant"))


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What an offer is for, as far as its date depends on it.

    Args:
        channel: code of the channel.
        method: how the customer gets the goods.
        store: code of the store where they are fetched; "" when they are shipped home.
        service: delivery service by which they are shipped or brought; "" for a pickup.
        country: where they are shipped; "" for a store. Likewise postcode, without blanks.
        postcode: see there.
        goods: fingerprint of the articles and their units.
    """

    channel: str
    method: SourcedMethod
    store: str
    service: str
    country: str
    postcode: str
    goods: str


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """A promise of a way and a date.

    Args:
        tenant: whose promise it is.
        expires_at: business time from which it does not hold any more.
        terms: what it was given for.
        promised_at: when the customer has everything at the latest.
    """

    tenant: str
    expires_at: datetime
    terms: Terms
    promised_at: datetime


class Asked(msgspec.Struct, frozen=True):
    """What the offers of one cart are for, whichever way they are for.

    Args:
        channel: code of the channel.
        country: where goods would be shipped.
        postcode: likewise, without blanks.
        goods: fingerprint of all articles, those that are held already too.
    """

    channel: str
    country: str
    postcode: str
    goods: str

    @classmethod
    def by(cls, request: SourcingRequest, goods: str) -> "Asked":
        """Return what is asked by a request, given the fingerprint of its goods."""
        postcode = "".join(request.postcode.upper().split())
        return cls(request.channel.code, request.country, postcode, goods)

    def terms(self, method: SourcedMethod, *, store: str = "", service: str = "") -> Terms:
        """Return what an offer of a way is for.

        Args:
            method: how the customer gets the goods.
            store: code of the store where they are fetched.
            service: by which they are shipped home or brought to the store.
        """
        home = method == "ship"
        return Terms(
            channel=self.channel,
            method=method,
            store=store,
            service="" if method == "pickup" else service,
            country=self.country if home else "",
            postcode=self.postcode if home else "",
            goods=self.goods,
        )


def terms_of(request: SourcingRequest, goods: str) -> Terms:
    """Return what an offer of a request is for.

    Args:
        request: as asked; its lines are not looked at.
        goods: fingerprint of all its articles, those that are held already too.
    """
    store = request.store.code if request.store else ""
    return Asked.by(request, goods).terms(request.method, store=store, service=request.service)


def fingerprint_of(units: Iterable[tuple[UUID, int]]) -> str:
    """Return the same for the same units of the same articles, in whatever lines they come."""
    sums: dict[UUID, int] = {}
    for article, quantity in units:
        sums[article] = sums.get(article, 0) + quantity
    told = sorted((str(article), quantity) for article, quantity in sums.items())
    return sha256(msgspec.json.encode(told)).hexdigest()[:32]


def require_fitting(
    offer: Offer, terms: Terms, *, tenant: str, at: datetime, pointer: str = ""
) -> None:
    """Refuse an offer that was given for something else, or does not hold any more.

    Args:
        offer: with its seal found good.
        terms: what is to be placed.
        tenant: who places it.
        at: business time it is placed at.
        pointer: to the offer.

    Raises:
        OfferExpired: it holds no more.
        OfferMismatch: it was given for something else, or by another tenant.
    """
    if at > offer.expires_at:
        raise OfferExpired(pointer=pointer, expires_at=offer.expires_at.isoformat())
    if tenant != offer.tenant:
        raise OfferMismatch(pointer=pointer, what="tenant")
    for what in Terms.__struct_fields__:
        if getattr(terms, what) != getattr(offer.terms, what):
            raise OfferMismatch(pointer=pointer, what=what)
