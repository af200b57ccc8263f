"""Goods taken back over a counter by its pages: of an order, announced, or of none."""

import re
from typing import Any

import httpx
import pytest

from crosslane.platform.database import Database
from tests.api import Api
from tests.matrix.stores import Store, read, send
from tests.soundness import assert_sound
from tests.store.forms import form_of, press

WHOLE = {"money": "original"}


async def sold(api: Api, store: Store) -> dict[str, Any]:
    """The sale of a store: one mug for 6.00, paid in cash."""
    return await read(api.admin, f"orders/{store.own['sale']}")


async def rule(api: Api, kind: str, **value: Any) -> None:
    """Set a policy for everybody."""
    wish = {"kind": kind, "value": value, "reason": "as agreed", "scope": {"type": "tenant"}}
    await send(api.admin, "policies", wish)


async def shown_again(client: httpx.AsyncClient, answer: httpx.Response) -> httpx.Response:
    """Go where a form leads to."""
    assert answer.status_code == 303, answer.text
    return await client.get(answer.headers["location"])


async def scan(client: httpx.AsyncClient, store: Store, *codes: str, **told: str) -> httpx.Response:
    """Scan articles one after the other; return the page with all of them on the counter."""
    page = await client.get(f"/store/{store.code}/returns/without-order")
    for code in codes:
        page = await shown_again(
            client, await press(client, page, "/without-order", find=code, **told)
        )
    return page


async def test_what_it_gives_is_shown_before_anything_is_done(api: Api, store: Store):
    sale = await sold(api, store)
    base = f"/store/{store.code}/returns"
    page = await store.associate.get(f"{base}?q={sale['number']}")
    line = f"units.{sale['lines'][0]['id']}"
    none = await press(store.associate, page, "/returns", **WHOLE)
    assert none.status_code == 422
    assert "nothing was chosen" in none.text
    strange = await press(
        store.associate, page, "/returns", **WHOLE | {line: "1", line.replace("units", "why"): "x"}
    )
    assert strange.status_code == 422
    review = await press(store.associate, page, "/returns", **WHOLE | {line: "1"})
    assert review.status_code == 200
    assert "£6.00" in review.text
    assert "Cash out of the till" not in review.text.split("How the money is given")[0]
    assert "Cash out of the till" in review.text
    # Nothing is done yet, and it may still be changed.
    assert (await read(api.admin, f"orders/{sale['id']}"))["money"]["refunded_minor"] == 0
    changed = await press(store.associate, review, "/returns", change="1", save="")
    assert f'name="{line}" value="1"' in changed.text
    done = await press(store.associate, review, "/returns")
    page = await shown_again(store.associate, done)
    assert "Taken back, for £6.00" in page.text
    assert "Cash out of the till" in page.text
    assert (await read(api.admin, f"orders/{sale['id']}"))["money"]["refunded_minor"] == 600
    page = await store.associate.get(f"{base}?q={sale['number']}")
    assert "Nothing of it can come back" in page.text
    missing = await store.associate.get(f"{base}?q=zz")
    assert "No order has that number" in missing.text
    assert f"{base}/without-order?counter=proof%3Dzz" in missing.text


async def test_confirmed_twice_it_is_done_once(api: Api, store: Store):
    sale = await sold(api, store)
    page = await store.associate.get(f"/store/{store.code}/returns?q={sale['number']}")
    line = f"units.{sale['lines'][0]['id']}"
    review = await press(store.associate, page, "/returns", **WHOLE | {line: "1"})
    first, again = [await press(store.associate, review, "/returns") for _ in range(2)]
    assert first.headers["location"] == again.headers["location"]
    assert (await read(api.admin, f"orders/{sale['id']}"))["money"]["refunded_minor"] == 600


async def test_a_form_that_was_shown_something_else_is_refused(
    database: Database, api: Api, store: Store
):
    sale = await sold(api, store)
    page = await store.associate.get(f"/store/{store.code}/returns?q={sale['number']}")
    line = f"units.{sale['lines'][0]['id']}"
    review = await press(store.associate, page, "/returns", **WHOLE | {line: "1"})
    await send(api.admin, f"orders/{sale['id']}/appeasement", {"minor": 150, "reason": "sorry"})
    refused = await press(store.associate, review, "/returns")
    assert refused.status_code == 422
    assert "It gives something else by now" in refused.text
    assert (await read(api.admin, f"orders/{sale['id']}"))["money"]["refunded_minor"] == 150
    await assert_sound(database, api.tenant)


async def test_the_till_is_told_when_it_has_shown_something_else(api: Api, store: Store):
    sale = await sold(api, store)
    body = {
        "channel": "till",
        "location": store.code,
        "order": sale["number"],
        "lines": [{"sku": "MUG", "quantity": 1}],
        "shown_minor": 599,
    }
    answer = await api.admin.post("/api/v1/return-desk", json=body)
    assert (answer.status_code, answer.json()["code"]) == (409, "gives-otherwise")
    assert (await send(api.admin, "return-desk", body | {"shown_minor": 600}))[
        "refund_minor"
    ] == 600


async def test_the_money_may_be_a_gift_card_whose_code_is_shown_once(
    database: Database, api: Api, stores: list[Store]
):
    store, other = stores[:2]
    sale = await sold(api, store)
    page = await store.associate.get(f"/store/{store.code}/returns?q={sale['number']}")
    # Nobody is known whose store credit it could be.
    assert 'value="store_credit"' not in page.text
    told = WHOLE | {f"units.{sale['lines'][0]['id']}": "1", "money": "gift_card"}
    review = await press(store.associate, page, "/returns", **told)
    assert "Onto a new gift card" in review.text
    page = await shown_again(store.associate, await press(store.associate, review, "/returns"))
    assert "Onto a new gift card" in page.text
    card = await press(store.associate, page, "/gift-card")
    assert card.status_code == 200
    (code,) = re.findall(r'card-code-text">([^<]+)<', card.text)
    found = await send(store.associate, "stored-value-lookups", {"code": code})
    assert (found["kind"], found["balance_minor"]) == ("gift_card", 600)
    # Asked for again it is not told, nor replaced: who has the code keeps its money.
    again = await press(store.associate, page, "/gift-card")
    assert code not in again.text
    fresh = await press(store.associate, page, "/gift-card", _wish="f" * 32)
    assert fresh.status_code == 422
    assert code[-4:] in fresh.text
    assert (await send(store.associate, "stored-value-lookups", {"code": code}))["id"] == found[
        "id"
    ]
    # Another store has no business with it.
    to, _ = form_of(page, "/gift-card")
    strange = await other.associate.post(
        to.replace(store.code, other.code),
        content=f"_wish={'e' * 32}",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )
    assert strange.status_code == 404
    await assert_sound(database, api.tenant)


async def test_a_known_customer_may_have_store_credit(api: Api, store: Store):
    client = store.associate
    sold_to_ann = {
        "channel": "till",
        "buyer": {"email": "ann@example.com", "name": "Ann Lee"},
        "lines": [{"sku": "MUG", "quantity": 2, "method": "carry_out", "store": store.code}],
        "tenders": [{"method": "cash"}],
    }
    sale = await send(api.admin, "orders", sold_to_ann)
    order = await read(api.admin, f"orders/{sale['id']}")
    page = await client.get(f"/store/{store.code}/returns?q={order['number']}")
    told = WHOLE | {f"units.{order['lines'][0]['id']}": "1", "money": "store_credit"}
    review = await press(client, page, "/returns", **told)
    assert "As store credit" in review.text
    page = await shown_again(client, await press(client, review, "/returns"))
    assert "As store credit" in page.text
    assert "gift-card" not in page.text
    held = await read(api.admin, f"customers/{order['customer_id']}/stored-values")
    assert [(one["kind"], one["balance_minor"]) for one in held] == [("store_credit", 600)]


async def test_cash_is_given_within_the_limits_of_the_store(api: Api, store: Store):
    # It gave 6.00 for a mug before.
    await rule(api, "payments.refunds", cash_refund_minor_max=500, cash_day_minor_max=1_300)
    sale = await sold(api, store)
    page = await store.associate.get(f"/store/{store.code}/returns?q={sale['number']}")
    assert "At most £5.00 now" in page.text
    told = WHOLE | {f"units.{sale['lines'][0]['id']}": "1", "money": "cash"}
    refused = await press(store.associate, page, "/returns", **told)
    assert refused.status_code == 422
    assert "may not give so much cash at once" in refused.text
    # What was chosen stays, so that only the way has to be changed.
    assert re.search(r'value="cash" checked', refused.text)
    await rule(api, "payments.refunds", cash_refund_minor_max=700, cash_day_minor_max=1_300)
    review = await press(store.associate, refused, "/returns", **told)
    await shown_again(store.associate, await press(store.associate, review, "/returns"))
    page = await scan(store.associate, store, "MUG")
    assert "At most £1.00 now" in page.text


async def test_the_time_is_over_and_a_manager_decides_otherwise(api: Api, store: Store):
    sale = await sold(api, store)
    await rule(api, "returns.policy", window_days=30, final_sale=True)
    order = await send(
        api.admin,
        "orders",
        {
            "channel": "till",
            "lines": [{"sku": "MUG", "quantity": 1, "method": "carry_out", "store": store.code}],
            "tenders": [{"method": "cash"}],
        },
    )
    sale = await read(api.admin, f"orders/{order['id']}")
    page = await store.associate.get(f"/store/{store.code}/returns?q={sale['number']}")
    told = WHOLE | {f"units.{sale['lines'][0]['id']}": "1"}
    refused = await press(store.associate, page, "/returns", **told)
    assert refused.status_code == 422
    assert "Only a manager may decide otherwise" in refused.text
    # An associate's own word counts for nothing.
    tried = await press(store.associate, page, "/returns", **told, override="I say so")
    assert tried.status_code == 422
    # Where a manager signs in, what was filled in is there.
    (at,) = re.findall(r'href="(/sign-in[^"]*)"', refused.text)
    shown = await store.associate.get(at.replace("&amp;", "&"))
    assert shown.status_code == 200
    (next_,) = re.findall(r'name="next" value="([^"]*)"', shown.text)
    manager = await api.staff("manager")
    page = await manager.get(next_.replace("&amp;", "&"))
    assert f'name="units.{sale["lines"][0]["id"]}" value="1"' in page.text
    review = await press(manager, page, "/returns", **WHOLE, override="a regular")
    # The customer looks at it: that a manager decides is shown, and not what is thought of it.
    assert "A manager decides so" in review.text
    done = await press(manager, review, "/returns")
    number = done.headers["location"].rpartition("=")[2]
    one = await read(api.admin, f"returns/{number}")
    assert (one["state"], one["reason"]) == ("settled", "a regular")


async def test_goods_without_an_order_come_back_at_the_lowest_price_lately(
    database: Database, api: Api, store: Store
):
    await rule(api, "returns.policy", blind="allowed", blind_minor_max=2_000)
    page = await scan(store.associate, store, "MUG", "MUG", "SPOON")
    assert 'name="units.MUG" value="2"' in page.text
    assert "lately from £6.00" in page.text
    told = {"money": "cash"}
    review = await press(store.associate, page, "/without-order", **told, review="1")
    assert review.status_code == 200
    assert "£13.00" in review.text  # twice 6.00, and 0.995 rounded
    page = await shown_again(
        store.associate, await press(store.associate, review, "/without-order")
    )
    assert "Taken back, for £13.00" in page.text
    assert "Cash out of the till" in page.text
    await assert_sound(database, api.tenant)


async def test_a_receipt_tells_price_and_tax(api: Api, store: Store):
    await rule(api, "returns.policy", blind="allowed", blind_minor_max=2_000, blind_proof=True)
    page = await scan(store.associate, store, "MUG")
    told = {"money": "gift_card", "price.MUG": "5.50", "tax": "17.5"}
    refused = await press(store.associate, page, "/without-order", **told, review="1")
    assert refused.status_code == 422
    assert 'value="5.50"' in refused.text
    told["proof"] = "till 7, no. 12"
    review = await press(store.associate, refused, "/without-order", **told, review="1")
    assert "£5.50" in review.text
    done = await press(store.associate, review, "/without-order")
    one = await read(api.admin, f"returns/{done.headers['location'].rpartition('=')[2]}")
    (line,) = one["lines"]
    assert (one["kind"], one["proof"], one["refund_minor"]) == ("blind", "till 7, no. 12", 550)
    assert (line["tax_rate_bp"], line["tax_minor"]) == (1750, 82)


@pytest.mark.parametrize(
    ("field", "typed"), [("price.MUG", "5,50"), ("price.MUG", "-1"), ("tax", "much")]
)
async def test_what_is_no_amount_is_refused(api: Api, store: Store, field: str, typed: str):
    await rule(api, "returns.policy", blind="allowed", blind_minor_max=2_000)
    page = await scan(store.associate, store, "MUG")
    refused = await press(
        store.associate,
        page,
        "/without-order",
        **WHOLE | {"money": "cash", field: typed},
        review="1",
    )
    assert refused.status_code == 422
    assert "this is no" in refused.text


async def test_above_the_limit_and_by_policy_a_manager_decides(api: Api, store: Store):
    await rule(api, "returns.policy", blind="allowed", blind_minor_max=599)
    page = await scan(store.associate, store, "MUG")
    told = {"money": "cash"}
    refused = await press(store.associate, page, "/without-order", **told, review="1")
    assert refused.status_code == 422
    assert "this is for a manager to decide" in refused.text
    assert "A manager signs in" in refused.text
    manager = await api.staff("manager")
    page = await scan(manager, store, "MUG")
    refused = await press(manager, page, "/without-order", **told, review="1")
    assert refused.status_code == 422
    review = await press(manager, refused, "/without-order", **told, review="1", override="seen it")
    assert (await press(manager, review, "/without-order")).status_code == 303


async def test_what_is_scanned_is_found_or_asked_for(store: Store):
    client = store.associate
    page = await scan(client, store, "mug")
    # Two articles have the word; it is asked which.
    many = await scan(client, store, "tea")
    assert len(re.findall('name="add"', many.text)) > 1
    chosen = await shown_again(
        client, await press(client, many, "/without-order", add="SPOON", find="")
    )
    assert 'name="units.SPOON" value="1"' in chosen.text
    nothing = await scan(client, store, "nothing of ours")
    assert "No article is called that" in nothing.text
    assert page.status_code == 200


async def test_who_took_it_back_is_told(database: Database, api: Api, store: Store):
    me = await read(store.associate, "me")
    sam = {"code": "S1", "name": "Sam", "roles": ["associate"], "account_id": me["id"]}
    await send(api.admin, "staff-members", {"members": [sam]})
    sale = await sold(api, store)
    page = await store.associate.get(f"/store/{store.code}/returns?q={sale['number']}")
    told = WHOLE | {f"units.{sale['lines'][0]['id']}": "1"}
    review = await press(store.associate, page, "/returns", **told)
    done = await press(store.associate, review, "/returns")
    one = await read(api.admin, f"returns/{done.headers['location'].rpartition('=')[2]}")
    assert one["staff"] == "S1"


async def test_it_speaks_german(api: Api, store: Store):
    await rule(api, "returns.policy", blind="allowed", blind_minor_max=2_000)
    store.associate.headers["Accept-Language"] = "de"
    page = await scan(store.associate, store, "MUG")
    assert "Stückpreis laut Beleg" in page.text
    told = {"money": "cash", "price.MUG": "5,50"}
    review = await press(store.associate, page, "/without-order", **told, review="1")
    assert "5,50\xa0£" in review.text
    wrong = await press(
        store.associate, page, "/without-order", **told | {"price.MUG": "5.50"}, review="1"
    )
    assert "das ist kein Betrag" in wrong.text


async def test_a_return_announced_for_elsewhere_is_taken_in_by_its_number(
    api: Api, stores: list[Store]
):
    store, other = stores[:2]
    sale = await read(api.admin, f"orders/{store.own['sale']}")
    line = {"order_line": sale["lines"][0]["id"], "quantity": 1, "reason": "too_small"}
    asked = {"order": sale["number"], "method": "counter", "location": other.code, "lines": [line]}
    back = await send(api.admin, "returns", asked)
    assert back["state"] == "authorized"
    base = f"/store/{store.code}/returns"
    # The order alone has nothing left to take back, and says where it is announced.
    page = await store.associate.get(f"{base}?q={sale['number']}")
    assert f"{base}?q={back['number']}" in page.text
    found = await store.associate.get(f"/store/{store.code}/find?q={back['number'].lower()}")
    assert found.headers["location"] == f"{base}?q={back['number']}"
    page = await store.associate.get(found.headers["location"])
    to = f"/returns/{back['number']}"
    units, fate = (f"{name}.{back['lines'][0]['id']}" for name in ("units", "fate"))
    none = await press(store.associate, page, to, **{units: "0"})
    assert none.status_code == 422
    done = await press(
        store.associate, page, to, **{units: "1", fate: "refurbish", "complete": "on"}
    )
    assert done.status_code == 303
    shown = await read(api.admin, f"returns/{back['id']}")
    assert (shown["state"], shown["lines"][0]["received"]) == ("graded", 1)
    assert shown["lines"][0]["units"][0]["disposition"] == "refurbish"
    page = await store.associate.get(f"{base}?q={back['number']}")
    assert "The goods are taken in" in page.text
    assert "What came back" in page.text
    # It lies at that store now, and is no concern of the other any more.
    page = await other.associate.get(f"/store/{other.code}/returns?q={back['number']}")
    assert "No order has that number" in page.text
