"""Commands of customers: every change asked from outside.

A caller bound to one customer acts for that customer only: the owner goes into every use case.
"""

from collections.abc import Sequence

from crosslane.customers.domain import Consent, Customer, SavedAddress
from crosslane.customers.service.addresses import (
    PutAddress,
    RemoveAddress,
    put_address,
    remove_address,
)
from crosslane.customers.service.consents import RecordConsent, record_consent
from crosslane.customers.service.importing import (
    CustomersImported,
    ImportCustomers,
    import_customers,
)
from crosslane.customers.service.keeping import (
    AddIdentity,
    ChangeCustomer,
    CorrectCustomer,
    MergeCustomers,
    RegisterCustomer,
    RemoveIdentity,
    add_identity,
    change,
    correct,
    merge,
    register,
    remove_identity,
)
from crosslane.customers.service.privacy import EraseCustomer, ErasureReport, erase
from crosslane.kernel import Refusal
from crosslane.platform.database import Tx
from crosslane.platform.lane import Command, CommandKind, one_by_one


async def _register(
    tx: Tx, commands: Sequence[Command[RegisterCustomer]]
) -> list[Customer | Refusal]:
    return await register(tx, [command.body for command in commands])


async def _import(tx: Tx, wish: ImportCustomers) -> CustomersImported:
    return await import_customers(tx, wish, owner=tx.actor.customer_id)


async def _put_address(tx: Tx, wish: PutAddress) -> SavedAddress:
    return await put_address(tx, wish, owner=tx.actor.customer_id)


async def _remove_address(tx: Tx, wish: RemoveAddress) -> None:
    await remove_address(tx, wish, owner=tx.actor.customer_id)


async def _record_consent(tx: Tx, wish: RecordConsent) -> Consent:
    return await record_consent(tx, wish, owner=tx.actor.customer_id)


async def _change(tx: Tx, wish: ChangeCustomer) -> Customer:
    return await change(tx, wish, owner=tx.actor.customer_id)


async def _correct(tx: Tx, wish: CorrectCustomer) -> Customer:
    return await correct(tx, wish, owner=tx.actor.customer_id)


async def _add_identity(tx: Tx, wish: AddIdentity) -> Customer:
    return await add_identity(tx, wish, owner=tx.actor.customer_id)


async def _remove_identity(tx: Tx, wish: RemoveIdentity) -> Customer:
    return await remove_identity(tx, wish, owner=tx.actor.customer_id)


async def _merge(tx: Tx, wish: MergeCustomers) -> Customer:
    return await merge(tx, wish, owner=tx.actor.customer_id)


REGISTER = CommandKind("customers.register", RegisterCustomer, Customer, _register)
IMPORT = one_by_one("customers.import", ImportCustomers, CustomersImported, _import)
CHANGE = one_by_one("customers.change", ChangeCustomer, Customer, _change)
CORRECT = one_by_one("customers.correct", CorrectCustomer, Customer, _correct)
ADD_IDENTITY = one_by_one("customers.add_identity", AddIdentity, Customer, _add_identity)
REMOVE_IDENTITY = one_by_one(
    "customers.remove_identity", RemoveIdentity, Customer, _remove_identity
)
MERGE = one_by_one("customers.merge", MergeCustomers, Customer, _merge)
ERASE = one_by_one("customers.erase", EraseCustomer, ErasureReport, erase)
PUT_ADDRESS = one_by_one("customers.put_address", PutAddress, SavedAddress, _put_address)
REMOVE_ADDRESS = one_by_one("customers.remove_address", RemoveAddress, type(None), _remove_address)
RECORD_CONSENT = one_by_one("customers.record_consent", RecordConsent, Consent, _record_consent)

COMMANDS = [
    REGISTER,
    IMPORT,
    CHANGE,
    CORRECT,
    ADD_IDENTITY,
    REMOVE_IDENTITY,
    MERGE,
    ERASE,
    PUT_ADDRESS,
    REMOVE_ADDRESS,
    RECORD_CONSENT,
]
