"""Webhooks in the office: made, looked at, tried out, replayed, paused and removed."""

import re

from crosslane import publishing
from crosslane.kernel import new_id
from crosslane.orders import OrderClosed
from crosslane.platform import log
from crosslane.platform.log import run_reaction
from tests.office.pages import Read, look, submit

LIST = "/office/machine/webhooks"
NEW = {"url": "https://erp.example.com/hooks", "kinds": "orders.*, returns.*", "description": "ERP"}


async def made(api) -> str:
    """Make a webhook on the page; return where it is shown."""
    form = (await look(api.admin, LIST)).forms[LIST]
    answer = await submit(api.admin, LIST, form | NEW)
    assert answer.status_code == 201
    assert "whsec_" in answer.text
    again = await submit(api.admin, LIST, form | NEW)
    assert "whsec_" not in again.text
    found = re.search(rf'"({LIST}/[0-9a-f-]+)"', answer.text)
    assert found
    return found[1]


async def happen(api, database, *events) -> None:
    async with database.transaction(api.tenant) as tx:
        await log.append(tx, events)
    while await run_reaction(database, api.tenant, publishing.REACTIONS[0]):
        pass


async def test_a_webhook_is_made_and_changed(api):
    at = await made(api)
    assert "orders.* returns.*" in (await look(api.admin, LIST)).text
    page = await look(api.admin, at)
    form = page.forms[f"{at}/change"]
    assert form["kinds"] == "orders.* returns.*"
    answer = await submit(api.admin, f"{at}/change", form | {"kinds": "orders.*"})
    assert answer.status_code == 303
    refused = await submit(
        api.admin, f"{at}/change", form | {"_wish": "2", "kinds": "nothing.*", "url": "x"}
    )
    assert refused.status_code == 422
    assert Read(refused.text).forms[f"{at}/change"]["kinds"] == "nothing.*"


async def test_a_wrong_address_is_told_in_the_form(api):
    form = (await look(api.admin, LIST)).forms[LIST]
    answer = await submit(api.admin, LIST, form | NEW | {"url": "http://10.0.0.1/x"})
    assert answer.status_code == 422
    assert "lies inside this network" in answer.text
    assert Read(answer.text).forms[LIST]["url"] == "http://10.0.0.1/x"


async def test_deliveries_are_shown_and_told_again(api, database):
    at = await made(api)
    order = OrderClosed(order_id=new_id())
    await happen(api, database, order)
    page = await look(api.admin, f"{at}?state=waiting")
    assert page.text.count("orders.order_closed") == 1
    async with database.transaction(api.tenant) as tx:
        await tx.execute(
            "update publishing_delivery set state = 'failed', tries = 8, ended_at = now()"
        )
        [row] = await tx.fetch("select id from publishing_delivery")
    shown = await look(api.admin, f"{at}/deliveries/{row['id']}")
    assert str(order.order_id) in shown.text
    path = f"{at}/deliveries/{row['id']}/resend"
    assert (await submit(api.admin, path, shown.forms[path])).status_code == 303
    form = page.forms[f"{at}/replay"] | {"since": "2001-01-01T00:00", "until": "2100-01-01T00:00"}
    assert (await submit(api.admin, f"{at}/replay", form)).status_code == 303
    page = await look(api.admin, at)
    assert page.text.count("orders.order_closed") == 3
    assert "sent again" in page.text
    assert "replayed" in page.text
    wrong = form | {"_wish": "2", "until": form["since"]}
    assert (await submit(api.admin, f"{at}/replay", wrong)).status_code == 422


async def test_it_is_tried_out_paused_and_goes_on(api, database):
    at = await made(api)
    page = await look(api.admin, at)
    assert (await submit(api.admin, f"{at}/ping", page.forms[f"{at}/ping"])).status_code == 303
    assert "publishing.ping" in (await look(api.admin, at)).text
    switch = f"{at}/activity"
    assert (await submit(api.admin, switch, {"_wish": "1"})).status_code == 303
    page = await look(api.admin, at)
    assert "paused" in page.text
    assert f"{at}/ping" not in page.forms
    refused = await submit(api.admin, f"{at}/ping", {"_wish": "2"})
    assert refused.status_code == 422
    assert "make it active first" in refused.text
    assert (await submit(api.admin, switch, {"_wish": "3", "active": "on"})).status_code == 303
    assert "works" in (await look(api.admin, at)).text


async def test_a_new_secret_is_shown_once_and_it_is_removed(api):
    at = await made(api)
    turned = await submit(api.admin, f"{at}/secret", {"_wish": "1", "overlap_hours": "2"})
    assert "whsec_" in turned.text
    assert turned.headers["cache-control"] == "no-store"
    again = await submit(api.admin, f"{at}/secret", {"_wish": "1", "overlap_hours": "2"})
    assert "whsec_" not in again.text
    assert (await submit(api.admin, f"{at}/removal", {"_wish": "2"})).status_code == 303
    await look(api.admin, at, 404)
    assert "No webhooks" in (await look(api.admin, LIST)).text


async def test_german(api):
    at = await made(api)
    answer = await api.admin.get(at, headers={"Accept": "text/html", "Accept-Language": "de"})
    assert "Test senden" in answer.text
