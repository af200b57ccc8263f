"""Commands of the organization: every change asked from outside."""

from crosslane.organization.domain import Brand, Channel, Market, PolicyVersion, StaffMember
from crosslane.organization.service.book import (
    EntityView,
    PutBrand,
    PutChannel,
    PutEntity,
    PutMarket,
    put_brand,
    put_channel,
    put_entity,
    put_market,
)
from crosslane.organization.service.policies import (
    SetPolicy,
    UndoPolicy,
    set_policy,
    undo_policy,
)
from crosslane.organization.service.staff import Join, PutStaff, join, put_staff
from crosslane.platform.database import Tx
from crosslane.platform.lane import one_by_one


async def _put_staff(tx: Tx, wish: PutStaff) -> list[StaffMember]:
    return await put_staff(tx, wish.members)


PUT_ENTITY = one_by_one("organization.put_entity", PutEntity, EntityView, put_entity)
PUT_BRAND = one_by_one("organization.put_brand", PutBrand, Brand, put_brand)
PUT_MARKET = one_by_one("organization.put_market", PutMarket, Market, put_market)
PUT_CHANNEL = one_by_one("organization.put_channel", PutChannel, Channel, put_channel)
PUT_STAFF = one_by_one("organization.put_staff", PutStaff, list[StaffMember], _put_staff)
JOIN = one_by_one("organization.join", Join, StaffMember, join)
SET_POLICY = one_by_one("organization.set_policy", SetPolicy, PolicyVersion, set_policy)
UNDO_POLICY = one_by_one("organization.undo_policy", UndoPolicy, PolicyVersion, undo_policy)

COMMANDS = [
    PUT_ENTITY,
    PUT_BRAND,
    PUT_MARKET,
    PUT_CHANNEL,
    PUT_STAFF,
    JOIN,
    SET_POLICY,
    UNDO_POLICY,
]
