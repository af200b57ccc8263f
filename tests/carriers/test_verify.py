"""Every planted defect of carriers is named, and a sound tenant has no finding."""

import pytest
from tests.carriers.shipments import shipment, to, with_house

from crosslane.carriers import EFFECTS, LabelRequest, request_labels
from crosslane.kernel import new_id
from crosslane.platform.effects import Runner
from crosslane.verify import verify
from crosslane.verify.carriers import RULES


@pytest.fixture
async def labels(lanes, database, tenant):
    """A label that was made, one that failed, one that waits."""
    await with_house(lanes, tenant)

    async def wanted(**changes):
        async with database.transaction(tenant) as tx:
            wish = LabelRequest(str(new_id()), shipment(**changes))
            return (await request_labels(tx, [wish]))[0]

    made, failed = await wanted(), await wanted(recipient=to(name="王小明"))
    runner = Runner(database, EFFECTS)
    await runner.start_due(tenant)
    await runner.drain()
    return {"created": made, "failed": failed, "requested": await wanted()}


async def test_a_sound_tenant_has_no_finding(labels, tx):
    assert await verify(tx, RULES) == []


@pytest.mark.parametrize(
    ("defect", "rule", "state"),
    [
        (
            "delete from platform_effect where state = 'due'",
            "carriers.label_has_its_effect",
            "requested",
        ),
        (
            "update platform_effect set state = 'done' where state = 'dead'",
            "carriers.label_has_its_effect",
            "failed",
        ),
        (
            "update carriers_label set tracking_number = '' where state = 'created'",
            "carriers.label_is_whole",
            "created",
        ),
        (
            "update carriers_label set tracking_number = 'CX1' where state = 'failed'",
            "carriers.label_is_whole",
            "failed",
        ),
        (
            "update carriers_label set shipment = '{}' where state = 'created'",
            "carriers.address_let_go",
            "created",
        ),
        (
            "insert into carriers_label_document"
            " select id, '', 'application/pdf', now() from carriers_label where state = 'failed'",
            "carriers.document_of_a_label",
            "failed",
        ),
    ],
)
async def test_a_planted_defect_of_a_label_is_named(labels, tx, defect, rule, state):
    await tx.execute(defect)
    found = {each.rule: each.subject for each in await verify(tx, RULES)}
    assert found == {rule: f"label:{labels[state]}"}


@pytest.mark.parametrize(
    ("defect", "rule", "subject"),
    [
        (
            "insert into carriers_transit values ('EXPORT', 'MOON', 3)",
            "carriers.transit_to_a_zone",
            "service:EXPORT",
        ),
        (
            "insert into carriers_zone_rule values ('house', 999, 'MOON', '*', '*', '*')",
            "carriers.rule_to_a_zone",
            "carrier:house",
        ),
    ],
)
async def test_a_planted_defect_of_the_rates_is_named(labels, tx, defect, rule, subject):
    await tx.execute(defect)
    found = {each.rule: each.subject for each in await verify(tx, RULES)}
    assert found == {rule: subject}
