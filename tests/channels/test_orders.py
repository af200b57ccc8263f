"""Orders by messages: created, changed, cancelled, in any order and once."""

from tests.channels.bazaar import Bazaar, order


async def test_an_order_comes_in_and_is_traced_to_what_it_made(bazaar: Bazaar):
    received = await bazaar.tell(order("B-1", ("MUG", 2), ("LAMP", 1)))
    assert received.counts == {"received": 1}
    (message,) = await bazaar.messages()
    shown = await bazaar.order("B-1")
    assert (message.state, message.order_id, message.code) == ("applied", shown.id, "")
    assert message.order_number == shown.number
    assert await bazaar.units("B-1") == {"MUG": 2, "LAMP": 1}
    assert (await bazaar.batch(received)).counts == {"applied": 1}
    await bazaar.assert_sound()


async def test_the_same_file_again_changes_nothing(bazaar: Bazaar):
    await bazaar.tell(order("B-1"), order("B-2"))
    again = await bazaar.tell(order("B-2"), order("B-1"), order("B-3"), order("B-3"))
    assert (await bazaar.batch(again)).counts == {"repeated": 3, "applied": 1}
    await bazaar.assert_sound()
