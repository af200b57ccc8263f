"""The port to payment providers: what is asked of them, the adapters, and a strict one to try with.

A provider must know an operation by the key Crosslane gave it: asked again with the same key it
answers the same, and asked whether a key happened it can tell. That is what makes a lost answer
harmless. Everything else (tokens, references, reasons) is the provider's own.
"""

from crosslane.payments.provider.house import HouseProvider
from crosslane.payments.provider.port import (
    Answer,
    AnswerUnknown,
    Ask,
    Dispute,
    Message,
    PaymentProvider,
    ProviderSettings,
)

ADAPTERS: dict[str, type[PaymentProvider]] = {"house": HouseProvider}

__all__ = [
    "ADAPTERS",
    "Answer",
    "AnswerUnknown",
    "Ask",
    "Dispute",
    "HouseProvider",
    "Message",
    "PaymentProvider",
    "ProviderSettings",
]
