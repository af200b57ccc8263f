"""What was told is kept: fetched by who is told, looked at, forgotten with its person, verified."""

import json
from datetime import timedelta

import pytest

import crosslane.app  # noqa: F401 - declares the personal data of every module
from crosslane.channels.service.outgoing import forget_told
from crosslane.customers import EraseCustomer, erase
from crosslane.platform.database import Database
from crosslane.verify import verify
from crosslane.verify.channels import RULES
from tests.api import Api
from tests.channels.bazaar import order
from tests.channels.partner import SECRET
from tests.channels.talking import Talking, allowed, open_talking
from tests.orders.world import set_policy
from tests.soundness import list_findings

network = pytest.fixture(allowed)
LONG_AGO = timedelta(days=401)
DOOR = "/api/v1/channels/bazaar/documents"
PEOPLE = """
select (select count(*) from channels_outgoing where message::text ~* $1 or said::text ~* $1)
     + (select count(*) from channels_document where convert_from(body, 'UTF8') ~* $1)
"""
DEFECTS = [
    ("update channels_pace set is_open = false", "waiting_has_a_turn"),
    ("delete from platform_effect where kind = 'channels.tell'", "waiting_has_a_turn"),
    ("update channels_outgoing set subject = 'order:B-7'", "told_of_its_order"),
    ("update channels_outgoing set order_id = gen_random_uuid()", "told_of_its_order"),
    ("update channels_pace set number = 0", "numbers_were_given"),
    ("update channels_pace set documents = 0", "numbers_were_given"),
    ("update channels_outgoing set document = 99 where state = 'told'", "document_of_told"),
    ("update channels_outgoing set state = 'refused'", "not_told_has_a_reason"),
]


@pytest.fixture
async def talking(api: Api, database: Database, network) -> Talking:
    opened = await open_talking(database, api.tenant)
    async with database.transaction(api.tenant) as tx:
        await set_policy(tx, "documents.issue", {"issue": "always"}, "bazaar")
    return opened


async def test_documents_are_fetched_in_their_order(api: Api, talking: Talking):
    wish = {"channel": "bazaar", "format": "orders-jsonl", "delivery": "pull", "token": SECRET}
    shown = await api.admin.post("/api/v1/channel-connections", json=wish)
    assert (shown.json()["delivery"], shown.json()["authorised"]) == ("pull", True)
    assert SECRET not in shown.text
    await talking.sell(order("B-1"))
    await talking.sell(order("B-2"))
    door, token = api.client(), {"X-Channel-Token": SECRET}
    for headers in ({}, {"X-Channel-Token": "another"}):
        assert (await door.get(DOOR, headers=headers)).status_code == 401
    nowhere = await door.get("/api/v1/channels/nowhere/documents", headers=token)
    assert nowhere.status_code == 401
    heads = (await door.get(DOOR, headers=token)).json()
    assert [head["number"] for head in heads] == [1, 2]
    (last,) = (await door.get(DOOR, headers=token, params={"after": 1})).json()
    body = await door.get(f"{DOOR}/{last['number']}", headers=token)
    assert (body.headers["content-type"], len(body.content)) == (last["media_type"], last["bytes"])
    (line,) = map(json.loads, body.text.splitlines())
    assert (line["type"], line["order"]) == ("order_reply", "B-2")
    assert (await door.get(f"{DOOR}/3", headers=token)).status_code == 404


async def test_what_was_told_is_looked_at(api: Api, talking: Talking):
    await talking.connect()
    await talking.sell(order("B-1"))
    listed = await api.admin.get("/api/v1/channel-outgoing", params={"state": "told"})
    (one,) = listed.json()["items"]
    assert (one["kind"], one["subject"], one["order_number"]) == (
        "order_reply",
        "order:B-1",
        (await talking.order("B-1")).number,
    )
    whole = (await api.admin.get(f"/api/v1/channel-outgoing/{one['id']}")).json()
    assert (whole["message"]["order"], whole["document"]) == ("B-1", 1)
    assert [said["status"] for said in whole["said"]] == [202]
    (standing,) = (await api.admin.get("/api/v1/channel-standings")).json()
    assert (standing["channel"], standing["waiting"], standing["not_told"]) == ("bazaar", 0, 0)
    nothing = f"/api/v1/channel-outgoing/{(await talking.order('B-1')).id}"
    assert (await api.admin.get(nothing)).status_code == 404
    again = await api.admin.post(
        "/api/v1/channel-resends", json={"outgoing_ids": [one["id"]]}, headers={}
    )
    assert again.json()["code"] == "not-resendable"


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        ({"base_url": "ftp://shop.example"}, "address-unusable"),
        ({"base_url": "https://me:secret@shop.example"}, "address-unusable"),
        ({"base_url": "http://[::1"}, "address-unusable"),
        ({"base_url": "http://10.0.0.1/"}, "private-target"),
        ({"settings": {"partner": "1"}}, "setting-unknown"),
    ],
)
async def test_a_connection_nobody_could_talk_over_is_refused(api: Api, talking, wish, code):
    wish = {"channel": "bazaar", "format": "orders-jsonl"} | wish
    answer = await api.admin.post("/api/v1/channel-connections", json=wish)
    assert (answer.status_code, answer.json()["code"]) == (422, code)


async def test_a_token_goes_to_nobody_it_was_not_given_for(api: Api, talking: Talking):
    wish = {"channel": "bazaar", "format": "orders-jsonl", "base_url": "https://bazaar.example/a"}
    connections = "/api/v1/channel-connections"

    async def told(**changes: object) -> tuple[int, str]:
        answer = await api.admin.post(connections, json=wish | changes)
        return answer.status_code, answer.json().get("code", "")

    assert await told(token="hidden-for-bazaar") == (201, "")
    assert await told(base_url="https://bazaar.example/b") == (201, "")
    for other in ("https://else.example/b", "http://bazaar.example/b"):
        assert await told(base_url=other) == (422, "token-needed")
    # Nor by way of no address at all.
    assert await told(base_url="") == (201, "")
    assert await told(base_url="https://else.example/b") == (422, "token-needed")
    assert await told(base_url="https://else.example/b", token="another") == (201, "")


async def test_nothing_told_of_a_forgotten_person_is_kept(talking: Talking):
    await talking.connect()
    zoe = order("B-1", buyer={"name": "Zoë Secretive", "email": "zoe@example.org"})
    zoe["ship_to"] |= {"name": "Zoë Secretive", "lines": ["99 Secret Lane"]}
    zoe["ship_to"] |= {"city": "York", "postcode": "YO1 7HH"}
    await talking.sell(zoe)
    await talking.sell(order("B-2"))
    await talking.send_off(1)
    await talking.send_off(1, "B-2")
    person = (await talking.order("B-1")).customer_id
    async with talking.database.transaction(talking.tenant) as tx:
        assert await tx.fetchval(PEOPLE, "Secretive|zoe@example.org") >= 2
        await erase(tx, EraseCustomer(person, "asked for it"))
        assert await tx.fetchval(PEOPLE, "Secretive|zoe@example.org") == 0
        assert await tx.fetchval(PEOPLE, "Ada Brown") >= 1
    await talking.assert_sound()


async def test_what_was_told_long_ago_is_removed(talking: Talking):
    await talking.connect()
    await talking.sell(order("B-1"))
    async with talking.database.transaction(talking.tenant) as tx:
        await forget_told(tx)
        assert await talking.said() == [("order_reply", "told")]
        await tx.execute("update channels_outgoing set created_at = $1", tx.now - LONG_AGO)
        await tx.execute("update channels_document set created_at = $1", tx.now - LONG_AGO)
        await forget_told(tx)
    assert await talking.said() == []


async def test_each_planted_defect_is_named(talking: Talking):
    await talking.connect()
    await talking.sell(order("B-1"))
    await talking.tell(order("B-2"))
    async with talking.database.transaction(talking.tenant) as tx:
        assert await list_findings(tx) == []
        for defect, rule in DEFECTS:
            await tx.execute("savepoint sound")
            await tx.execute(defect)
            found = {finding.rule for finding in await verify(tx, RULES)}
            assert f"channels.{rule}" in found, defect
            await tx.execute("rollback to savepoint sound")
