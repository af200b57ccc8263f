from uuid import UUID

from crosslane.kernel import new_id
from crosslane.platform.database import Database
from tests.api import Api


async def test_a_dead_letter_is_listed_and_replayed(api: Api, database: Database):
    effect_id = new_id()
    async with database.transaction(api.tenant) as tx:
        await tx.execute(
            """
            insert into platform_effect
                (id, key, kind, body, state, due_at, tries, reason, created_at, finished_at)
            values ($1, 'k', 'mail.send', '{}', 'dead', $2, 8, 'refused', $2, $2)
            """,
            effect_id,
            tx.now,
        )
    [letter] = (await api.admin.get("/api/v1/dead-letters")).json()["items"]
    assert (letter["id"], letter["reason"], letter["tries"]) == (str(effect_id), "refused", 8)
    replays = f"/api/v1/dead-letters/{effect_id}/replays"
    assert (await api.admin.post(replays)).status_code == 204
    assert (await api.admin.get("/api/v1/dead-letters")).json()["items"] == []
    assert (await api.admin.post(replays)).json()["code"] == "no-such-dead-letter"


async def test_a_parked_event_is_listed_and_replayed(api: Api, database: Database):
    async with database.transaction(api.tenant) as tx:
        await tx.execute(
            """
            insert into platform_backlog
                (reaction, log_id, subject, subject_no, attempts, due_at, parked, reason)
            values ('finance.sales', 7, 'order:1', 1, 8, $1, true, 'a defect')
            """,
            tx.now,
        )
    [event] = (await api.admin.get("/api/v1/parked-events")).json()["items"]
    assert (event["reaction"], event["reason"]) == ("finance.sales", "a defect")
    replays = "/api/v1/parked-events/finance.sales/7/replays"
    assert (await api.admin.post(replays)).status_code == 204
    assert (await api.admin.post(replays)).json()["code"] == "not-parked"


async def test_the_log_of_a_subject_is_read_page_by_page(api: Api, database: Database):
    async with database.transaction(api.tenant) as tx:
        await tx.execute(
            """
            insert into platform_log (epoch, subject, subject_no, kind, actor, trace, at, body)
            select 1, 'order:1', n, 'test.Happened', 'system:x', 't', $1, '{"n":1}'
            from generate_series(1, 3) n
            """,
            tx.now,
        )
    query: dict = {"subject": "order:1", "limit": 2}
    first = (await api.admin.get("/api/v1/log-entries", params=query)).json()
    assert [entry["subject_no"] for entry in first["items"]] == [1, 2]
    assert first["items"][0]["body"] == {"n": 1}
    query["cursor"] = first["next_cursor"]
    second = (await api.admin.get("/api/v1/log-entries", params=query)).json()
    assert [entry["subject_no"] for entry in second["items"]] == [3]


async def test_a_command_of_a_person_is_audited_even_when_its_module_forgets(
    api: Api, database: Database
):
    boss = await api.staff("admin")
    me = (await boss.get("/api/v1/me")).json()
    await boss.put(
        "/api/v1/me/password",
        json={"present": "a long sentence", "password": "another long sentence"},
    )
    query = {"actor": f"staff:{me['id']}"}
    entries = (await boss.get("/api/v1/audit-entries", params=query)).json()["items"]
    assert [entry["action"] for entry in entries] == ["auth.set_password", "auth.sign_in"]
    assert UUID(entries[0]["id"])
