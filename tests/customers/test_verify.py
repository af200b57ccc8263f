import pytest

from crosslane.customers.domain import Address, CustomerRef, require_address
from crosslane.customers.service import (
    EraseCustomer,
    MergeCustomers,
    PutAddress,
    RecordConsent,
    erase,
    identify,
    merge,
    put_address,
    record_consent,
)
from crosslane.customers.storage.personal import erase_own
from crosslane.platform.database import Tx
from crosslane.verify import verify
from crosslane.verify.customers import RULES

HOME = require_address(Address("GB", ("12 High Street", "Flat 3"), "Leeds", "LS1 4DY", name="Änn"))


async def world(tx: Tx) -> dict[str, object]:
    """Ann with a merged twin, and somebody forgotten."""
    refs = [CustomerRef(email=f"{name}@example.com") for name in ("ann", "twin", "gone")]
    ann, twin, gone = [found.id for found in await identify(tx, refs)]
    for one in (ann, gone):
        await put_address(tx, PutAddress(one, "home", HOME))
        await record_consent(tx, RecordConsent(one, "news", True, "form"))
    await merge(tx, MergeCustomers(ann, twin, "one person"))
    await erase_own(tx, [gone])
    await erase(tx, EraseCustomer(gone, "asked"))
    return {"ann": ann, "twin": twin, "gone": gone}


async def test_a_sound_tenant_has_no_findings(tx: Tx):
    await world(tx)
    assert await verify(tx, RULES) == []


@pytest.mark.parametrize(
    ("defect", "rule", "subject"),
    [
        (
            "update customers_address_snapshot set city = 'York' where customer_id = $1",
            "customers.snapshot_hashes_fit_their_content",
            "ann",
        ),
        (
            "update customers_customer set merged_into = (select id from customers_customer"
            " where merged_into = $1) where id = $1",
            "customers.merges_end_at_a_customer_of_its_own",
            "ann",
        ),
        (
            "update customers_identity set customer_id = (select id from customers_customer"
            " where merged_into = $1) where customer_id = $1 and value like 'ann%'",
            "customers.identities_belong_to_present_customers",
            "ann",
        ),
        (
            "update customers_address_snapshot set name = 'Ann' where customer_id = $1",
            "customers.the_forgotten_left_nothing",
            "gone",
        ),
        (
            "update customers_customer set name = 'Ann' where id = $1",
            "customers.the_forgotten_left_nothing",
            "gone",
        ),
    ],
)
async def test_a_defect_is_named(tx: Tx, defect: str, rule: str, subject: str):
    ids = await world(tx)
    await tx.execute(defect, ids[subject])
    found = [finding for finding in await verify(tx, RULES) if finding.rule == rule]
    named = {"customer:" + str(customer_id) for customer_id in ids.values()}
    assert found
    assert all(f.subject in named or f.subject.startswith("address_snapshot:") for f in found)
