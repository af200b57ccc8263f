"""What channels were told: listed with its state and reason, shown whole, told again; declined."""

from collections.abc import Iterator

import pytest

from crosslane.channels.storage.outgoing import Answered, judge
from crosslane.platform.database import Database
from tests.api import Api
from tests.channels.bazaar import order
from tests.channels.partner import Partner
from tests.channels.talking import Talking, allowed, open_talking
from tests.office.pages import Read, look, submit

network = pytest.fixture(allowed)


@pytest.fixture
def partner(network) -> Iterator[Partner]:
    started = Partner()
    yield started
    started.kill()


@pytest.fixture
async def talking(api: Api, database: Database) -> Talking:
    return await open_talking(database, api.tenant)


async def test_what_was_refused_is_shown_and_told_again(api: Api, talking: Talking, partner):
    assert "No channel is told anything" in (await look(api.admin, "/office/messages/told")).text
    await talking.connect(f"{partner.url}/inbox")
    partner.fault("refuse")
    await talking.sell(order("B-1"))
    (one,) = await talking.outgoing()
    listed = await look(api.admin, "/office/messages/told?state=refused")
    for text in ("Reply to the order", "B-1", one.order_number, "answer-422", "Tell all again"):
        assert text in listed.text, text
    nothing = await look(api.admin, "/office/messages/told?state=told")
    assert "Nothing told" in nothing.text
    path, page = "/office/messages/resend", f"/office/messages/told/{one.id}"
    shown = await look(api.admin, page)
    for text in ("The channel was not told", "POST", "422", "answer-422"):
        assert text in shown.text, text
    story = await look(api.admin, f"/office/orders/{one.order_number}")
    assert "Could not tell the channel: reply to the order" in story.text
    again = await submit(api.admin, path, shown.forms[path])
    assert (again.status_code, again.headers["location"]) == (303, page)
    await talking.settle()
    assert await talking.said() == [("order_reply", "told")]
    story = await look(api.admin, f"/office/orders/{one.order_number}")
    assert "Told the channel: reply to the order" in story.text
    late = await submit(api.admin, path, {**shown.forms[path], "_wish": "late"})
    assert late.status_code == 422
    assert "only what was refused" in Read(late.text).text


async def test_what_the_partner_answers_stands_beside_what_it_was_told(
    api: Api, talking: Talking, partner
):
    await talking.connect(f"{partner.url}/inbox")
    await talking.sell(order("B-1"))
    (one,) = await talking.outgoing()
    page = f"/office/messages/told/{one.id}"
    for verdict, listed, shown, told in (
        ("accepted", "accepted", "accepted", "Told the channel: reply to the order"),
        ("rejected", "refused", "The partner rejected it", "The channel rejected what it was told"),
    ):
        async with talking.database.transaction(talking.tenant) as tx:
            await tx.execute("update channels_outgoing set control = 7, place = 1")
            answer = Answered(
                channel="bazaar", control=7, place=1, verdict=verdict, detail="PO1", at=tx.now
            )
            await judge(tx, [answer])
        assert listed in (await look(api.admin, "/office/messages/told")).text
        assert shown in (await look(api.admin, page)).text
        assert told in (await look(api.admin, f"/office/orders/{one.order_number}")).text


async def test_all_of_a_channel_is_told_again(api: Api, talking: Talking, partner):
    await talking.connect(f"{partner.url}/inbox")
    partner.fault("refuse", times=-1)
    await talking.sell(order("B-1"))
    partner.clear_faults()
    listed = await look(api.admin, "/office/messages/told")
    path = "/office/messages/resend"
    done = await submit(api.admin, path, listed.forms[path])
    assert done.headers["location"] == "/office/messages/told"
    await talking.settle()
    assert await talking.said() == [("order_reply", "told")]


async def test_a_message_is_declined_with_a_reason(api: Api, talking: Talking, partner):
    await talking.connect(f"{partner.url}/inbox")
    await talking.sell(order("B-1", ("GONE", 1)))
    (one,) = await talking.messages(state="quarantined")
    path, page = "/office/messages/decline", f"/office/messages/{one.id}"
    form = (await look(api.admin, page)).forms[path]
    silent = await submit(api.admin, path, {**form, "reason": ""})
    assert (silent.status_code, await talking.said()) == (422, [])
    assert "The channel is told why" in Read(silent.text).text
    done = await submit(api.admin, path, {**form, "reason": "Not sold here", "_wish": "b"})
    assert (done.status_code, done.headers["location"]) == (303, page)
    await talking.settle()
    assert [told["outcome"] for told in partner.lines()] == ["rejected"]
    late = await submit(api.admin, path, {**form, "reason": "Not sold here", "_wish": "c"})
    assert late.status_code == 422
