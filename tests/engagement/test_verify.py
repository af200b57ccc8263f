import pytest

from crosslane.engagement import RESEND, Resend
from crosslane.platform.database import Database
from crosslane.platform.lane import Lanes
from crosslane.verify import verify
from tests.engagement.desk import messages, settle
from tests.engagement.mailbox import Mailbox
from tests.orders.world import place, wish


@pytest.mark.parametrize(
    ("defect", "rule"),
    [
        (
            "update engagement_message set state = 'due', recipient = '', ended_at = null",
            "engagement.message_has_its_effect",
        ),
        ("update engagement_message set reason = 'why'", "engagement.sent_means_sent"),
        (
            "update engagement_message set topic = 'shipped' where repeats is not null",
            "engagement.repeat_of_the_same",
        ),
        ("update engagement_message set recipient = ''", None),
    ],
)
async def test_a_planted_defect_is_named(
    database: Database,
    shop: str,
    lanes: Lanes,
    mailbox: Mailbox,
    defect: str,
    rule: str | None,
):
    placed = await place(lanes, shop, wish("MUG"))
    await settle(database, shop)
    (message,) = await messages(database, shop, placed.id)
    await lanes.run(shop, RESEND, "again", Resend(message.id))
    await settle(database, shop)
    assert len(mailbox.arrived) == 2
    async with database.transaction(shop) as tx:
        assert await verify(tx) == []
        await tx.execute(defect)
        assert {finding.rule for finding in await verify(tx)} == ({rule} if rule else set())
