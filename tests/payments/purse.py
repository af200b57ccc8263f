"""A retailer of two entities that sells gift cards, and orders that are paid with them."""

from datetime import timedelta
from uuid import UUID

from tests.payments.shop import NOON, Shop

from crosslane import organization, payments
from crosslane.kernel import Refusal, new_id
from crosslane.organization import (
    PutBrand,
    PutChannel,
    PutEntity,
    PutMarket,
    Scope,
    SetPolicy,
)
from crosslane.payments import Method, NewTender, Terms
from crosslane.payments.domain import code_of
from crosslane.payments.service.loading import (
    GiveStoreCredit,
    IssueGiftCard,
    give_store_credit,
    issue_gift_card,
)
from crosslane.payments.service.stored import hash_code, stored_value
from crosslane.platform.seals import use_secret

use_secret(b"a secret of the tests alone")
organization.register_policies(payments.POLICIES)

STORE = UUID(int=31)
LONG_AGO = NOON - timedelta(days=900)


class Purse:
    """What tests do with stored value; the shop's tenant is sound when they end."""

    channels: dict[str, UUID]

    def __init__(self, shop: Shop) -> None:
        self.shop = shop

    async def found(self) -> None:
        async with self.shop.transaction() as tx:
            for code in ("mf", "north"):
                await organization.put_entity(tx, PutEntity(code, code, "GB", "GBP"))
            await organization.put_brand(tx, PutBrand("marlow", "Marlow"))
            market = PutMarket(
                "gb", "Britain", "GB", "GBP", ("en-GB",), "inclusive", "Europe/London"
            )
            await organization.put_market(tx, market)
            for code, kind, entity in (("web", "web", "mf"), ("franchise", "store", "north")):
                channel = PutChannel(code, code, kind, "marlow", "gb", entity)
                await organization.put_channel(tx, channel)
        async with self.shop.transaction() as tx:
            book = await organization.book(tx)
        self.channels = {code: book.channel(code).id for code in ("web", "franchise")}

    async def rule(self, kind: str, value: dict, scope: Scope | None = None) -> None:
        async with self.shop.transaction() as tx:
            wish = SetPolicy(kind, value, "law", scope or Scope("channel", "web"), LONG_AGO)
            await organization.set_policy(tx, wish)

    async def gift_card(self, minor: int, *, channel: str = "web", code: str = "") -> UUID:
        wish = IssueGiftCard(
            channel=channel,
            minor=minor,
            code=hash_code(code or code_of(new_id().bytes)),
            paid_by="cash",
            reference="",
            location_id=STORE,
            customer_id=None,
        )
        async with self.shop.transaction() as tx:
            return (await issue_gift_card(tx, wish)).id

    async def store_credit(self, customer: UUID, minor: int) -> UUID:
        wish = GiveStoreCredit(customer_id=customer, channel="web", minor=minor, reason="late")
        async with self.shop.transaction() as tx:
            return (await give_store_credit(tx, wish)).id

    async def account(self, account_id: UUID) -> payments.Account:
        async with self.shop.transaction() as tx:
            return (await stored_value(tx, account_id, before=None, limit=9))[0]

    async def journal(self, account_id: UUID) -> list[tuple[str, int]]:
        async with self.shop.transaction() as tx:
            _, entries = await stored_value(tx, account_id, before=None, limit=50)
        return [(entry.deed, entry.minor) for entry in reversed(entries)]

    def pay(
        self,
        order_id: UUID,
        account_id: UUID,
        minor: int,
        *,
        terms: Terms = Terms.PER_PARCEL,
        channel: str = "web",
        owner: UUID | None = None,
    ) -> NewTender:
        return NewTender(
            order_id=order_id,
            channel_id=self.channels[channel],
            method=Method.STORED_VALUE,
            terms=terms,
            currency="GBP",
            minor=minor,
            at=NOON,
            stored_account=account_id,
            owner=owner,
        )

    def in_cash(self, order_id: UUID, minor: int) -> NewTender:
        return NewTender(
            order_id=order_id,
            channel_id=self.channels["web"],
            method=Method.CASH,
            terms=Terms.TAKEN,
            currency="GBP",
            minor=minor,
            at=NOON,
            location_id=STORE,
        )


def refused(answer: object) -> type | None:
    """The class of a refusal, None for an answer."""
    return type(answer) if isinstance(answer, Refusal) else None
