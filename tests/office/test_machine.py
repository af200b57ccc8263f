"""The machine: what got stuck is seen and tried again, keys are made and stopped."""

import re

from crosslane.kernel import new_id
from crosslane.platform.database import Database
from tests.api import Api
from tests.office.pages import Read, look, submit

DEAD = """
insert into platform_effect
    (id, key, kind, body, state, due_at, tries, reason, created_at, finished_at)
select id, 'k' || n, 'mail.send', '{}', 'dead', $2, 8, 'the door is shut', $2, $2
from unnest($1::uuid[]) with ordinality as d(id, n)
"""
PARKED = """
insert into platform_backlog
    (reaction, log_id, subject, subject_no, attempts, due_at, parked, reason)
select 'orders.serve_waiting', n, 'order:' || n, 1, 8, $1, true, 'a defect'
from generate_series(1, 3) n
"""


async def test_dead_letters_are_seen_and_tried_again(api: Api, database: Database):
    ids = [new_id() for _ in range(3)]
    async with database.transaction(api.tenant) as tx:
        await tx.execute(DEAD, ids, tx.now)
    assert "Given up 3" in (await look(api.admin, "/office/machine")).text
    calls = await look(api.admin, "/office/machine/calls")
    assert calls.text.count("the door is shut") == 3
    one = f"/office/machine/dead-letters/{ids[0]}/replay"
    sent = await submit(api.admin, one, calls.forms[one])
    assert (sent.status_code, sent.headers["location"]) == (303, "/office/machine/calls")
    path = "/office/machine/calls/replay"
    assert (await submit(api.admin, path, calls.forms[path])).status_code == 303
    assert "Nothing was given up" in (await look(api.admin, "/office/machine/calls")).text
    due = await look(api.admin, "/office/machine/calls?kind=mail.send")
    assert due.text.count("mail.send") >= 3
    again = await submit(api.admin, one, {"_wish": "other"})
    assert again.status_code == 303


async def test_parked_events_are_seen_and_tried_again(api: Api, database: Database):
    async with database.transaction(api.tenant) as tx:
        await tx.execute(PARKED, tx.now)
    page = await look(api.admin, "/office/machine/reactions")
    assert page.text.count("a defect") == 3
    path = "/office/machine/parked-events/replay"
    await submit(api.admin, path, {**page.forms[path], "log_id": "2"})
    page = await look(api.admin, "/office/machine/reactions")
    assert page.text.count("a defect") == 2
    path = "/office/machine/reactions/replay"
    assert (await submit(api.admin, path, page.forms[path])).status_code == 303
    assert "Nothing is parked" in (await look(api.admin, "/office/machine/reactions")).text


async def test_a_reaction_that_has_not_read_is_behind(api: Api, database: Database):
    async with database.transaction(api.tenant) as tx:
        await tx.execute(
            """
            insert into platform_log (epoch, subject, subject_no, kind, actor, trace, at, body)
            values (1, 'order:1', 1, 'orders.OrderPlaced', 'system:x', 't',
                    $1::timestamptz - interval '90 seconds', '{}')
            """,
            tx.now,
        )
    page = await look(api.admin, "/office/machine/reactions")
    told = re.search(r"engagement\.tell_customers (\d+) s (\d+) ", page.text)
    assert told
    assert (90 <= int(told[1]) < 300, told[2]) == (True, "1")


async def test_a_key_is_made_shown_once_and_stopped(api: Api):
    boss = await api.staff("admin")
    form = (await look(boss, "/office/machine/keys")).forms["/office/machine/keys"]
    wrong = await submit(boss, "/office/machine/keys", {**form, "expires": "soon"})
    told = Read(wrong.text).text
    assert wrong.status_code == 422
    assert "Say what the key is for" in told
    assert "A day is needed" in told
    form |= {"name": "Till", "scopes": "orders:read, inventory:read", "_wish": "one"}
    made = await submit(boss, "/office/machine/keys", form)
    [secret] = set(re.findall(r"clk_[0-9a-f]+_[0-9a-f]{16}_[0-9a-f]{64}", made.text))
    assert made.headers["cache-control"] == "no-store"
    assert (await api.client(secret).get("/api/v1/orders")).status_code == 200
    again = await submit(boss, "/office/machine/keys", form)
    assert "clk_" not in Read(again.text).text
    page = await look(boss, "/office/machine/keys")
    [path] = [p for p in page.forms if p.endswith(f"{secret.split('_')[2]}/revocation")]
    assert (await submit(boss, path, page.forms[path])).status_code == 303
    assert "revoked" in (await look(boss, "/office/machine/keys")).text
    refused = await submit(boss, "/office/machine/keys", {**form, "scopes": "x", "_wish": "two"})
    assert refused.status_code == 422


async def test_connections_show_no_secret(api: Api):
    body = {
        "code": "house",
        "adapter": "house",
        "base_url": "http://127.0.0.1:1",
        "api_key": "very-secret",
        "webhook_secret": "whsec_" + "A" * 32,
    }
    assert (await api.admin.post("/api/v1/payment-providers", json=body)).is_success
    page = await look(api.admin, "/office/machine/connections")
    assert "http://127.0.0.1:1" in page.text
    assert "secret" not in (await api.admin.get("/office/machine/connections")).text.replace(
        "its secrets", ""
    )


async def test_the_machine_is_not_for_everybody(api: Api):
    agent = await api.staff("agent")
    for path in ("", "/calls", "/reactions", "/keys", "/connections"):
        await look(agent, f"/office/machine{path}", 403)
