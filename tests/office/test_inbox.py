"""Messages of channels: why they are kept back, where the fault is, trying again, pasting some."""

from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosslane.apps.office.raw_marks import marked_json, marked_rows
from crosslane.channels.service import replaying
from tests.api import Api
from tests.office.pages import Read, look, submit

ORDER = (
    '{"type": "order", "source_id": "MP-1", "event_at": "2030-01-04T12:00:00Z",'
    ' "buyer": {"name": "Ada Brown", "email": "ada.brown@example.com"},'
    ' "ship_to": {"name": "Ada Brown", "lines": ["12 High Street"], "city": "Oxford",'
    ' "postcode": "OX1 4AA", "country": "GB"},'
    ' "lines": [{"sku": "SKU", "quantity": 1}]}'
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)


def test_the_place_of_a_pointer_is_marked():
    pieces = marked_json('{"a": 1, "lines": [{"sku": "X"}, {"sku": "Y"}]}', "/lines/1/sku")
    assert [text for text, marked in pieces if marked] == ['"Y"']
    missing = marked_json('{"a": 1, "lines": [{"sku": "X"}]}', "/lines/0/quantity")
    assert [text.split() for text, marked in missing if marked] == [["{", '"sku":', '"X"', "}"]]
    assert marked_json("no json", "/a") == [("no json", True)]


@given(JSON, st.text(alphabet="/ab01", max_size=6))
def test_marking_loses_nothing(value, pointer: str):
    raw = msgspec.json.encode(value).decode()
    shown = "".join(text for text, _ in marked_json(raw, pointer))
    assert msgspec.json.decode(shown) == value


def test_the_cell_of_a_row_is_marked():
    table = marked_rows("1;MUG;two\n1;LAMP;1", "order_number;sku;quantity", ";", "/rows/0/quantity")
    assert table.columns == ["order_number", "sku", "quantity"]
    assert table.rows[0] == [("1", False), ("MUG", False), ("two", True)]
    assert not any(marked for _, marked in table.rows[1])


async def pasted(api: Api, text: str, **more: str) -> str:
    form = (await look(api.admin, "/office/messages/new?channel=web")).forms["/office/messages"]
    form |= {"format": "orders-jsonl", "text": text, **more}
    answer = await submit(api.admin, "/office/messages", form)
    assert answer.status_code == 303, answer.text[:600]
    return answer.headers["location"]


async def test_what_is_pasted_is_taken_in_and_what_is_wrong_is_marked(retailer: Api):
    wrong = ORDER.replace('"quantity": 1', '"quantity": "many"')
    batch = await pasted(retailer, f"{ORDER}\n{wrong.replace('MP-1', 'MP-2')}")
    listed = await look(retailer.admin, batch)
    assert "quarantined" in listed.text
    assert "MP-1" in listed.text
    found = await retailer.admin.get("/api/v1/channel-messages", params={"state": "quarantined"})
    [message] = found.json()["items"]
    shown = await retailer.admin.get(f"/office/messages/{message['id']}")
    assert "<mark>&#34;many&#34;</mark>" in shown.text
    assert message["code"] in shown.text
    path = "/office/messages/replay"
    one = await submit(retailer.admin, path, Read(shown.text).forms[path])
    assert (one.status_code, one.headers["location"]) == (
        303,
        f"/office/messages/{message['id']}",
    )
    inbox = await look(retailer.admin, "/office/messages")
    assert message["code"] in inbox.text
    everything = await submit(retailer.admin, path, inbox.forms[path])
    assert everything.headers["location"] == "/office/messages"
    assert "web" in (await look(retailer.admin, "/office/messages/batches")).text


async def test_the_next_of_a_reason_are_offered(retailer: Api, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(replaying, "REPLAYED_AT_ONCE_MAX", 1)
    wrong = ORDER.replace('"quantity": 1', '"quantity": "many"')
    await pasted(retailer, "\n".join(wrong.replace("MP-1", f"WRONG-{n}") for n in range(2)))
    path = "/office/messages/replay"
    reason = {"channel": "web", "code": "invalid-field"}
    inbox = await look(retailer.admin, "/office/messages")
    first = await submit(retailer.admin, path, {**inbox.forms[path], **reason})
    rest = await look(retailer.admin, first.headers["location"])
    assert "There are more of this reason" in rest.text
    tried = rest.forms[path]
    assert tried["after"]
    second = await submit(retailer.admin, path, {**tried, **reason})
    assert second.headers["location"] == "/office/messages"


async def test_what_cannot_be_taken_in_is_told_and_kept(retailer: Api):
    form = (await look(retailer.admin, "/office/messages/new")).forms["/office/messages"]
    empty = await submit(retailer.admin, "/office/messages", {**form, "text": ""})
    assert empty.status_code == 422
    assert "Paste what the channel has sent" in Read(empty.text).text
    table = {**form, "format": "csv", "text": "sku,colour\nMUG,red", "_wish": "b"}
    refused = await submit(retailer.admin, "/office/messages", table)
    assert refused.status_code == 422
    assert Read(refused.text).forms["/office/messages"]["text"] == "sku,colour\nMUG,red"


async def test_messages_are_not_for_who_acts_for_one_location(retailer: Api):
    place = (await retailer.admin.get("/api/v1/locations")).json()["items"][0]
    bound = await retailer.key(["channels:submit"], location_id=place["id"])
    await look(bound, "/office/messages/new", 403)
    agent = await retailer.staff("agent")
    await look(agent, "/office/messages", 403)
    await look(retailer.admin, f"/office/messages/{UUID(int=1)}", 404)
