"""Everything of an order from one site: what that costs by each service that could carry it.

It is the plan that :mod:`planning` finds, without looking at what does not change with the service.
"""

from crosslane.sourcing.domain.order import Order
from crosslane.sourcing.domain.problem import Tariff


class Alone:
    """The only site of an order, which sends all of it.

    Args:
        order: as :meth:`sends` accepts it.

    Attributes:
        code: of the site's place.
        weight_grams: of everything.
    """

    def __init__(self, order: Order) -> None:
        (site,) = order.sites
        self.code = site.code
        self.weight_grams = sum([piece.weight_grams for piece in order.pieces])
        self._parcel_milli, self._split_milli = site.parcel_milli, order.split_milli
        unfilled = [piece.unfilled_milli for piece in order.pieces]
        goods = [site.costs[number] for number in range(len(unfilled))]
        least = [min(pair) for pair in zip(goods, unfilled, strict=True)]
        self._goods_milli, self._least_milli = sum(goods), sum(least)
        self._unfilled_milli = sum(unfilled)
        # To leave out one piece saves another parcel at best; a single piece has no other parcel.
        self._omission_milli = None
        if len(unfilled) > 1:
            self._omission_milli = min([u - c for u, c in zip(unfilled, least, strict=True)])

    @staticmethod
    def sends(order: Order) -> bool:
        """Say whether an order has one site, which sends all of it and asks for no least."""
        if len(order.sites) != 1 or order.short:
            return False
        site = order.sites[0]
        whole = len(site.costs) == len(order.pieces)
        return whole and site.carries and site.least is None and not site.units

    def sent_milli(self, tariff: Tariff) -> int | None:
        """Return what sending costs by a tariff; None where something else could cost less."""
        weight, parcel_milli = self.weight_grams, self._parcel_milli
        cost = tariff.parcels(weight) * parcel_milli + tariff.price_milli(weight)
        cost += self._goods_milli
        if cost > self._unfilled_milli:
            return None
        if self._omission_milli is not None:
            parcel = parcel_milli + min(tariff.prices_milli)
            if cost > self._least_milli + parcel + min(parcel, self._omission_milli):
                return None
        # The first parcel costs no split.
        return cost - self._split_milli
