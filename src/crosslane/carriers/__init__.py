"""Carriers: who takes parcels where, for how much and by when."""

from crosslane.carriers.domain.rates import Quote, RateBook

__all__ = ["Quote", "RateBook"]
