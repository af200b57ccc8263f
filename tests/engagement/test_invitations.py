"""The link of an invitation reaches who is invited, and opens what it was made for."""

import re

from crosslane.kernel import new_id
from crosslane.platform import auth
from crosslane.platform.actor import Actor
from crosslane.platform.database import Database
from crosslane.platform.lane import Lanes
from crosslane.platform.tenants import find_tenant
from tests.engagement.desk import settle
from tests.engagement.mailbox import Mailbox, html_of, text_of

BOSS = Actor("staff", str(new_id()), frozenset(["*"]))


async def invite(lanes: Lanes, tenant: str, name: str = "Zoë <b>Größmann</b>") -> auth.Invitation:
    wish = auth.Invite("zoe@example.com", name, "agent", None)
    return await lanes.run(tenant, auth.INVITE, f"invite {name}", wish, actor=BOSS)


async def test_somebody_who_is_invited_is_sent_the_link_once(
    database: Database, shop: str, lanes: Lanes, mailbox: Mailbox
):
    invitation = await invite(lanes, shop)
    await settle(database, shop)
    await settle(database, shop)
    (mail,) = mailbox.arrived
    assert mailbox.recipients == [["zoe@example.com"]]
    assert mail["Subject"].startswith("You are invited to ")
    [link] = re.findall(r"https://shop\.example/invitations/(\S+)", text_of(mail))
    tenant = await find_tenant(database, name=shop)
    assert link.startswith(f"cll_{tenant.key_prefix}_invitation_{invitation.id.hex}_")
    assert link in html_of(mail)
    assert "<b>" not in html_of(mail)


async def test_an_invitation_that_is_withdrawn_meanwhile_is_not_sent(
    database: Database, shop: str, lanes: Lanes, mailbox: Mailbox
):
    invitation = await invite(lanes, shop)
    wish = auth.Withdraw(invitation.id, "a mistake")
    await lanes.run(shop, auth.WITHDRAW_INVITATION, "withdraw", wish, actor=BOSS)
    await settle(database, shop)
    assert mailbox.arrived == []


async def test_a_busy_mail_server_is_asked_again(
    database: Database, shop: str, lanes: Lanes, mailbox: Mailbox
):
    await invite(lanes, shop)
    mailbox.refusals = ["451 later"]
    await settle(database, shop)
    assert mailbox.arrived == []
    async with database.transaction(shop) as tx:
        await tx.execute(
            "update platform_effect set due_at = clock_timestamp()"
            " where state = 'due' and kind = 'engagement.invite'"
        )
    await settle(database, shop)
    assert len(mailbox.arrived) == 1
