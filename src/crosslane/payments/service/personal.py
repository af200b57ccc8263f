"""Whose stored value is whose: what a person is told, and what is forgotten.

What is owed stays owed after an erasure: the balance, its journal and the code are kept, nobody is
named any more. A gift card can be used by its code as before; store credit without a code runs out
by its market's law.
"""

from typing import Any
from uuid import UUID

from crosslane.payments import storage
from crosslane.payments.service.stored import ACCOUNTS_OF_CUSTOMER_MAX
from crosslane.platform.database import Tx
from crosslane.platform.personal import Erased, Eraser, Erasure, Exporter


async def erase(tx: Tx, erasure: Erasure) -> list[Erased]:
    """Forget whose gift cards and store credit they were."""
    return [await storage.forget_owners(tx, erasure.customer_ids)]


async def export(tx: Tx, customer_ids: frozenset[UUID]) -> list[Any]:
    """Return a person's gift cards and store credit."""
    return await storage.list_of_customers(tx, customer_ids, ACCOUNTS_OF_CUSTOMER_MAX)


ERASERS = [Eraser("payments", erase)]
EXPORTERS = [Exporter("stored_value", export)]
