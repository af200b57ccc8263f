"""What was received of a person goes when the person is forgotten."""

import pytest

import crosslane.app  # noqa: F401 - declares the personal data of every module
from crosslane.channels.errors import RawGone
from crosslane.customers import EraseCustomer, erase
from tests.channels.bazaar import Bazaar, about, order

KEPT = """
select count(*) from channels_message m
left join channels_raw r on r.batch_id = m.batch_id and r.place = m.place
where m::text ~* $1 or r.body ~* $1
"""


async def test_nothing_of_a_forgotten_person_is_kept(bazaar: Bazaar):
    address = {"lines": ["99 Secret Lane"], "city": "York", "postcode": "YO1 7HH", "country": "GB"}
    eve = {
        "buyer": {"name": "Zoë Secretive", "email": "zoe@example.org"},
        "ship_to": address | {"name": "Zoë Secretive"},
    }
    unknown = order("B-3", ("GONE", 1), **eve)
    await bazaar.tell(order("B-1", **eve), order("B-2"), unknown)
    await bazaar.tell(about("amendment", "B-9", ship_to=address | {"name": "Zoë Secretive"}))
    await bazaar.send('{"type": "order", "name": "zoe@example.org"')
    customer_id = (await bazaar.order("B-1")).customer_id
    async with bazaar.database.transaction(bazaar.tenant) as tx:
        assert await tx.fetchval(KEPT, "zoe@example.org|Secretive") >= 4
        await erase(tx, EraseCustomer(customer_id, "asked for it"))
        assert await tx.fetchval(KEPT, "zoe@example.org|Secretive|Secret Lane") == 0
        assert await tx.fetchval(KEPT, "ada@example.com") == 1
    states = {m.source_id: (m.state, m.code) for m in await bazaar.messages()}
    assert (states["B-1"], states["B-9"]) == (("applied", ""), ("quarantined", "erased"))
    (gone,) = await bazaar.messages(source_id="B-3")
    with pytest.raises(RawGone):
        await bazaar.replay(message_ids=(gone.id,))
    await bazaar.assert_sound()
