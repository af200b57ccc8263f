"""Channels over HTTP."""

import json

from crosslane.locations import network
from crosslane.platform.database import Database
from tests.api import Api
from tests.channels.bazaar import open_bazaar, order, sale, till_batch

CSV = {"Content-Type": "text/csv"}
NDJSON = {"Content-Type": "application/x-ndjson"}
MESSAGES = "/api/v1/channels/bazaar/messages"


async def test_messages_go_in_and_are_told_of(api: Api, database: Database):
    bazaar = await open_bazaar(database, api.tenant)
    key = await api.key(["channels:submit", "channels:read", "channels:raw", "channels:replay"])
    lines = "\n".join([json.dumps(order("B-1")), json.dumps(order("B-2", ("GONE", 1))), "{"])
    url = f"{MESSAGES}?format=orders-jsonl&file_name=a.jsonl"
    answer = await key.post(url, content=lines, headers=NDJSON)
    assert answer.status_code == 202, answer.text
    batch = answer.json()
    assert (batch["records"], batch["counts"]) == (3, {"received": 2, "quarantined": 1})
    await bazaar.work()
    shown = (await key.get(f"/api/v1/channel-batches/{batch['id']}")).json()
    assert shown["counts"] == {"applied": 1, "quarantined": 2}
    raw = await key.get(f"/api/v1/channel-batches/{batch['id']}/raw")
    assert raw.text == lines
    listed = await key.get("/api/v1/channel-messages?code=sku-not-on-sale&channel=bazaar")
    (message,) = listed.json()["items"]
    assert (message["pointer"], message["source_id"]) == ("/lines/0/sku", "B-2")
    whole = (await key.get(f"/api/v1/channel-messages/{message['id']}")).json()
    assert json.loads(whole["raw"]) == order("B-2", ("GONE", 1))
    assert whole["canonical"]["lines"][0]["sku"] == "GONE"
    again = await key.post("/api/v1/channel-replays", json={"message_ids": [message["id"]]})
    assert again.json() == {"announced": 1, "kept_back": 0, "next_after": None}


async def test_what_would_become_of_a_file_is_shown_and_nothing_is_kept(
    api: Api, database: Database
):
    bazaar = await open_bazaar(database, api.tenant)
    key = await api.key(["channels:submit", "channels:read"])
    known, worse = json.dumps(order("B-1")), json.dumps(order("B-1", ("MUG", 2)))
    await key.post(f"{MESSAGES}?format=orders-jsonl", content=known, headers=NDJSON)
    wrong = json.dumps(order("B-3", lines=[{"sku": "MUG", "quantity": -1}]))
    body = "\n".join([known, worse, json.dumps(order("B-2")), wrong, "{"])
    url = "/api/v1/channels/bazaar/previews?format=orders-jsonl"
    for _ in range(2):
        answer = await key.post(url, content=body, headers=NDJSON)
        assert answer.status_code == 200, answer.text
        told = answer.json()
        assert (told["records"], told["counts"]) == (
            5,
            {"repeated": 1, "quarantined": 3, "received": 1},
        )
        found = [(one["row"], one["message"]["code"], one["column"]) for one in told["kept_back"]]
        assert found == [
            (2, "version-reused", "/source_version"),
            (4, "invalid-field", "/lines/0/quantity"),
            (5, "malformed-json", ""),
        ]
        (_, fresh) = told["understood"]
        assert (fresh["message"]["state"], fresh["canonical"]["source_id"]) == ("received", "B-2")
        assert fresh["canonical"]["lines"][0]["sku"] == "MUG"
    assert [one.source_id for one in await bazaar.messages()] == ["B-1"]
    nobody = await api.key(["channels:read"])
    assert (await nobody.post(url, content=body, headers=NDJSON)).status_code == 403
    unfit = await key.post(url.replace("orders-jsonl", "csv"), content=b"a,b\n1,2\n", headers=CSV)
    assert unfit.json()["code"] == "column-missing"


async def test_a_till_sends_its_batch(api: Api, database: Database):
    bazaar = await open_bazaar(database, api.tenant)
    url = "/api/v1/channels/till/messages?format=till-batch"
    text = till_batch(sale("1", ("MUG", 1, 600)))
    answer = await api.admin.post(url, content=text, headers=NDJSON)
    assert answer.status_code == 202, answer.text
    await bazaar.work()
    listed = (await api.admin.get("/api/v1/channel-messages?channel=till")).json()["items"]
    assert [each["state"] for each in listed] == ["applied"]


async def test_what_is_nothing_of_its_format_is_refused(api: Api, database: Database):
    await open_bazaar(database, api.tenant)
    for query, content, code in (
        ("format=nonsense", "{}", "unknown-format"),
        ("format=orders-jsonl", "\n \n", "nothing-sent"),
        ("format=orders-jsonl&encoding=utf-16", "{}", "unknown-encoding"),
        ("format=orders-jsonl", b"\xff", "not-text"),
        ("format=csv", "a,b\n1,2\n", "column-missing"),
        ("format=csv&delimiter=x", "a,b\n1,2\n", "unknown-delimiter"),
        ("format=till-batch", '{"type": "sale"}', "batch-malformed"),
    ):
        media = {"Content-Type": "text/csv"} if "csv" in query else NDJSON
        answer = await api.admin.post(f"{MESSAGES}?{query}", content=content, headers=media)
        assert (answer.status_code, answer.json()["code"]) == (422, code)
    wrong = await api.admin.post(f"{MESSAGES}?format=csv", content="a", headers=NDJSON)
    assert wrong.json()["code"] == "wrong-media-type"
    nowhere = "/api/v1/channels/nowhere/messages?format=orders-jsonl"
    answer = await api.admin.post(nowhere, content="{}", headers=NDJSON)
    assert answer.json()["code"] == "unknown-channel"


async def test_only_who_may_submits(api: Api):
    for scope in ("channels:read", "orders:place"):
        caller = await api.key([scope])
        answer = await caller.post(f"{MESSAGES}?format=orders-jsonl", content="{}", headers=NDJSON)
        assert answer.status_code == 403


async def test_a_key_of_one_store_sends_the_batches_of_its_tills_alone(
    api: Api, database: Database
):
    await open_bazaar(database, api.tenant)
    async with database.transaction(api.tenant) as tx:
        store = (await network(tx)).by_code["S0001"].id
    own = await api.key(["channels:submit"], location_id=store)
    till = "/api/v1/channels/till/messages?format=till-batch"
    batch = till_batch(sale("1", ("MUG", 1, 600)))
    assert (await own.post(till, content=batch, headers=NDJSON)).status_code == 202
    other = till_batch(sale("2", ("MUG", 1, 600)), head={"store": "DC1"})
    for url, content in ((till, other), (f"{MESSAGES}?format=orders-jsonl", json.dumps(order()))):
        answer = await own.post(url, content=content, headers=NDJSON)
        assert (answer.status_code, answer.json()["code"]) == (403, "other-location")
    assert (await own.get("/api/v1/channel-messages")).status_code == 403


async def test_one_message_may_come_as_json_of_many_lines(api: Api, database: Database):
    bazaar = await open_bazaar(database, api.tenant)
    content = json.dumps(order("B-1"), indent=2).replace("\n", "\r\n")
    headers = {"Content-Type": "application/json"}
    url = f"{MESSAGES}?format=orders-jsonl"
    answer = await api.admin.post(url, content=content, headers=headers)
    assert answer.json()["counts"] == {"received": 1}, answer.text
    await bazaar.work()
    assert await bazaar.units("B-1") == {"MUG": 1}
    formats = {
        each["name"]: each for each in (await api.admin.get("/api/v1/channel-formats")).json()
    }
    assert formats["till-batch"]["brings"] == ["sale", "void"]
    assert formats["orders-jsonl"]["media_types"] == ["application/x-ndjson", "application/json"]


async def test_a_table_is_read_by_its_channels_mapping(api: Api, database: Database):
    bazaar = await open_bazaar(database, api.tenant)
    columns = {"Nr": "source_id", "Tag": "event_at", "Ware": "lines/sku", "Wieviel": "lines/lot"}
    wish = {"channel": "bazaar", "name": "orders", "mapping": {"brings": "order"}}
    home = {"name": "Ada", "lines/0": "1 High St", "city": "Oxford", "postcode": "OX1 4AA"}
    always = {f"ship_to/{name}": value for name, value in home.items()}
    always |= {"ship_to/country": "GB", "buyer/name": "Ada", "buyer/email": "ada@example.com"}
    wish["mapping"] |= {"columns": columns, "dates": ["%d.%m.%Y"], "always": always}
    refused = await api.admin.post("/api/v1/channel-mappings", json=wish)
    assert (refused.status_code, refused.json()["pointer"]) == (422, "/mapping/columns/Wieviel")
    columns["Wieviel"] = "lines/quantity"
    columns["Preis"] = {"field": "lines/unit_price_milli", "minor": True}
    assert (await api.admin.post("/api/v1/channel-mappings", json=wish)).status_code == 201
    url, table = f"{MESSAGES}?format=csv&mapping=orders", {"Content-Type": "text/csv"}
    head = "Nr;Tag;Ware;Wieviel;Preis"
    text = f"{head}\nC-1;05.01.2011;MUG;2;600\nC-2;05.01.2011;MUG;1 Paar;600\n"
    sent = await api.admin.post(url, content=text, headers=table)
    assert sent.status_code == 202, sent.text
    await bazaar.work()
    listed = (await api.admin.get("/api/v1/channel-messages?channel=bazaar")).json()["items"]
    told = sorted((one["state"], one["code"], one["pointer"]) for one in listed)
    assert told == [("applied", "", ""), ("quarantined", "not-a-number", "/rows/0/wieviel")]
    # The mapping is mended, and what waited is read by it as it is now.
    columns["Wieviel"] = {"field": "lines/quantity", "values": {"1 Paar": "1"}}
    assert (await api.admin.post("/api/v1/channel-mappings", json=wish)).status_code == 201
    again = {"channel": "bazaar", "code": "not-a-number"}
    announced = await api.admin.post("/api/v1/channel-replays", json=again)
    assert announced.json() == {"announced": 1, "kept_back": 0, "next_after": None}
    listed = (await api.admin.get("/api/v1/channel-mappings")).json()
    assert [(one["name"], one["mapping"]["brings"]) for one in listed] == [("orders", "order")]
    unknown = await api.admin.post(f"{url}s", content=text, headers=table)
    assert unknown.json()["code"] == "no-such-mapping"
