"""People, invitations and the audit as the office shows them; and what foreign hands may not."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from crosslane.apps.office.audit import bounds, differences
from crosslane.kernel import new_id
from crosslane.platform.database import Database
from tests.api import PASSWORD, Api, open_api
from tests.sign_in.browsing import found, make_account, member, send, signed_in
from tests.tenancy import Tenants

INVITATIONS = "/office/people/invitations"
NO_MORE = "This invitation is open no more"


async def invite(browser, email: str = "new@example.com", **more: str) -> str:
    """Invite somebody; return the path of the link."""
    answer = await send(browser, INVITATIONS, email=email, role="agent", **more)
    assert answer.status_code == 200, answer.text
    return found(r'value="https://[^/]+(/invitations/[^"]+)"', answer)


async def test_somebody_is_invited_joins_once_and_signs_in(api: Api):
    manager = await member(api, "manager")
    link = await invite(manager, name="Ann Example")
    guest = api.client()
    page = await guest.get(link)
    assert "new@example.com" in page.text
    assert 'value="Ann Example"' in page.text
    weak = await send(guest, link, name="Ann", password="short")
    assert weak.status_code == 422
    joined = await send(guest, link, name="Ann Sample", password=PASSWORD)
    assert joined.headers["location"].startswith("/sign-in")
    for answer in (await guest.get(link), await send(guest, link, password=PASSWORD)):
        assert (answer.status_code, NO_MORE in answer.text) == (404, True)
    ann, answer = await signed_in(api, "new@example.com")
    assert answer.status_code == 303
    assert "Ann Sample" in (await ann.get("/me")).text
    assert "Ann Sample" in (await manager.get("/office/people")).text


async def test_an_invitation_ends_by_withdrawal_by_time_and_leads_nowhere_else(
    api: Api, database: Database
):
    manager = await member(api, "manager")
    link = await invite(manager)
    again = await send(manager, INVITATIONS, email="NEW@example.com", role="agent")
    assert again.status_code == 422
    page = await manager.get(INVITATIONS)
    assert link not in page.text
    id = found(r"/invitations/([0-9a-f-]{36})/withdrawal", page)
    await send(manager, f"{INVITATIONS}/{id}/withdrawal", reason="a mistake")
    assert (await api.client().get(link)).status_code == 404
    link = await invite(manager)
    async with database.transaction(api.tenant) as tx:
        await tx.execute("update platform_invitation set expires_at = clock_timestamp()")
    assert (await send(api.client(), link, password=PASSWORD)).status_code == 404
    assert (await invite(manager)) != link
    # A link that is signed for something else is none of an invitation, though it names one.
    forged = link.replace("_invitation_", "_order_")
    assert (await api.client().get(forged)).status_code == 404


async def test_an_invitation_of_another_tenant_leads_nowhere(
    app, api: Api, database: Database, tenants: Tenants
):
    name = await tenants.take()
    async with open_api(app, database, name) as other:
        link = await invite(await member(other, "manager"))
        assert (await api.client().get(link)).status_code == 404
        assert (await send(api.client(), link, password=PASSWORD)).status_code == 404
    await tenants.give_back(name)


@pytest.mark.parametrize(
    "wish",
    [
        {"email": "nobody", "role": "agent"},
        {"email": "a@example.com", "role": "admin"},
        {"email": "a@example.com", "role": "customer"},
        {"email": "a@example.com", "role": "associate"},
        {"email": "a@example.com", "role": "agent", "location": str(UUID(int=1))},
        {"email": "a@example.com", "role": "associate", "location": "x"},
    ],
)
async def test_whom_a_manager_may_not_invite(api: Api, wish):
    manager = await member(api, "manager")
    answer = await send(manager, INVITATIONS, **wish)
    assert answer.status_code == 422
    assert "made-link" not in answer.text


async def test_people_change_by_administrators_alone_each_with_its_reason(api: Api):
    boss, manager = await member(api, "admin"), await member(api, "manager")
    account = await make_account(api)
    address = f"/office/people/{account['id']}"
    change = {"version": "1", "role": "manager", "active": "on", "reason": "promoted"}
    assert (await send(manager, address, **change)).status_code == 403
    assert (await send(boss, address, **change)).status_code == 303
    assert (await send(boss, address, **change)).status_code == 422  # somebody was faster
    left = {"version": "2", "role": "manager", "reason": "has left"}
    browser, _ = await signed_in(api, account["email"])
    assert (await send(boss, address, **left)).status_code == 303
    assert (await browser.get("/")).headers["location"].startswith("/sign-in")
    _, answer = await signed_in(api, account["email"])
    assert answer.status_code == 422
    told = (await boss.get(f"/office/audit?subject=account:{account['id']}")).text
    assert all(word in told for word in ["promoted", "has left", "<del", "agent", "<ins"])


async def test_a_locked_account_is_let_in_again(api: Api, database: Database):
    boss, account = await member(api, "admin"), await make_account(api)
    async with database.transaction(api.tenant) as tx:
        later = "update platform_account set locked_until = now() + interval '1 hour' where id = $1"
        await tx.execute(later, UUID(account["id"]))
    assert (await signed_in(api, account["email"]))[1].status_code == 422
    address = f"/office/people/{account['id']}"
    assert "Locked until" in (await boss.get(address)).text
    assert (await send(boss, f"{address}/unlocking", reason="typed badly")).status_code == 303
    assert (await signed_in(api, account["email"]))[1].status_code == 303


async def test_deeds_upon_somebody_mightier_and_upon_nobody_are_refused(api: Api):
    account = await make_account(api, "admin")
    clerk = await api.key(["auth:*"], role="admin")
    for deed in ("unlocking", "second-factor", "sessions", "password"):
        for id in (account["id"], str(new_id())):
            fields = {"reason": "x", "password": "another long sentence"}
            answer = await send(clerk, f"/office/people/{id}/{deed}", **fields)
            assert answer.status_code in (404, 422)
    assert (await signed_in(api, account["email"]))[1].status_code == 303


async def test_sessions_end_for_their_owner_alone(api: Api):
    mine, other = await make_account(api), await make_account(api)
    me, _ = await signed_in(api, mine["email"])
    stranger, _ = await signed_in(api, other["email"])
    theirs = (await stranger.get("/api/v1/sessions")).json()["items"][0]["id"]
    await send(me, "/me/sessions/end", session=theirs)
    assert (await stranger.get("/")).headers["location"] == "/office"
    again, _ = await signed_in(api, mine["email"])
    ended = (await again.get("/api/v1/sessions")).json()["items"][-1]["id"]
    await send(again, "/me/sessions/end", session=ended)
    assert (await me.get("/")).headers["location"].startswith("/sign-in")
    assert (await send(again, "/me/sessions/end")).headers["location"] == "/sign-in"
    assert (await again.get("/")).headers["location"].startswith("/sign-in")


async def test_a_new_password_of_ones_own_keeps_this_session_alone(api: Api):
    account = await make_account(api)
    here, _ = await signed_in(api, account["email"])
    there, _ = await signed_in(api, account["email"])
    wrong = {"present": "not the one at all", "password": "another long sentence"}
    assert (await send(here, "/me/password", **wrong)).status_code == 422
    right = wrong | {"present": PASSWORD}
    assert (await send(here, "/me/password", **right)).status_code == 303
    assert (await here.get("/")).headers["location"] == "/office"
    assert (await there.get("/")).headers["location"].startswith("/sign-in")


async def test_every_deed_of_a_page_leaves_a_row_in_the_journal(api: Api, database: Database):
    boss = await member(api, "admin")
    account = await make_account(api)
    address = f"/office/people/{account['id']}"
    deeds = [
        (INVITATIONS, {"email": "z@example.com", "role": "agent"}),
        (address, {"version": "1", "role": "manager", "active": "on", "reason": "r"}),
        (f"{address}/password", {"password": "another long sentence", "reason": "r"}),
        (f"{address}/unlocking", {"reason": "r"}),
        (f"{address}/sessions", {"reason": "r"}),
        ("/me/password", {"present": PASSWORD, "password": "yet another sentence"}),
        ("/me/second-factor", {"present": "yet another sentence"}),
        ("/sign-out", {}),
    ]
    me = (await boss.get("/api/v1/me")).json()["id"]

    async def rows() -> int:
        async with database.transaction(api.tenant) as tx:
            sql = "select count(*) from platform_audit where actor = $1"
            return await tx.fetchval(sql, f"staff:{me}")

    for path, fields in deeds:
        before = await rows()
        assert (await send(boss, path, **fields)).status_code in (200, 303)
        assert await rows() == before + 1, path


def test_what_changed_is_told_value_by_value():
    before = {"role": "agent", "tags": ["a", "b"], "in": {"x": 1, "y": None}}
    after = {"role": "manager", "tags": ["a"], "in": {"x": 1, "y": 2}, "new": True}
    told = [(one.field, one.before, one.after) for one in differences(before, after)]
    assert told == [
        ("role", "agent", "manager"),
        ("tags", '["a","b"]', '["a"]'),
        ("in.y", None, "2"),
        ("new", None, "true"),
    ]
    assert [one.field for one in differences(None, {"a": 1})] == ["a"]
    assert differences({"a": [{"b": 1}]}, {"a": [{"b": 2}]})[0].field == "a[0].b"
    assert differences(None, None) == []
    assert len(differences(None, {str(n): n for n in range(500)})) == 60


def test_days_of_the_filter_are_whole_days_where_somebody_is():
    since, until = bounds("2026-03-29", "2026-03-29", "Europe/Berlin")
    assert (since, until) == (
        datetime(2026, 3, 28, 23, tzinfo=UTC),
        datetime(2026, 3, 29, 22, tzinfo=UTC),
    )
    assert until - since == timedelta(hours=23)
    assert bounds("x", "", "UTC") == (None, None)
    assert bounds("9999-12-31", "9999-12-31", "UTC")[1] is not None
