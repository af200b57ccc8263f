import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import msgspec
import pytest

from crosslane.organization import errors
from crosslane.organization.domain import (
    TENANT,
    Brand,
    PolicyKind,
    Scope,
    VatNumber,
)
from crosslane.organization.service import (
    PutBrand,
    PutChannel,
    PutEntity,
    PutMarket,
    PutStaffMember,
    SetPolicy,
    UndoPolicy,
    book,
    explain_policy,
    list_entities,
    policies,
    preview_policy,
    preview_undo,
    put_brand,
    put_channel,
    put_entity,
    put_market,
    put_staff,
    register_policies,
    register_scope,
    set_policy,
    staff_by_account,
    staff_by_code,
    staff_by_customer,
    staff_by_id,
    take_document_numbers,
    undo_policy,
)
from crosslane.platform import log
from crosslane.platform.database import Database, Tx

ENTITY = PutEntity("mf-ltd", "Marlow & Finch Ltd", "GB", "GBP")
MARKET = PutMarket("gb", "Britain", "GB", "GBP", ("en-GB", "cy-GB"), "inclusive", "Europe/London")
CHANNEL = PutChannel("web-gb", "Web shop", "web", "marlow", "gb", "mf-ltd")


class Cushion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    units: int
    note: str = ""


KIND = PolicyKind("test.cushion", Cushion, Cushion(0))
register_policies([KIND])


async def organization(tx: Tx) -> None:
    await put_entity(tx, ENTITY)
    await put_brand(tx, PutBrand("marlow", "Marlow"))
    await put_market(tx, MARKET)
    await put_channel(tx, CHANNEL)


async def test_a_channel_takes_its_world_from_its_market(tx: Tx):
    await organization(tx)
    channel = (await book(tx)).channel("web-gb")
    assert (channel.currency, channel.country, channel.timezone) == ("GBP", "GB", "Europe/London")
    assert (channel.locale, channel.tax_mode) == ("en-GB", "inclusive")
    assert channel.methods == {"ship", "pickup", "ship_to_store", "carry_out"}


async def test_an_edit_is_seen_by_the_next_transaction_and_needs_no_reload_otherwise(
    database: Database, tenant: str
):
    async with database.transaction(tenant) as tx:
        await organization(tx)
    async with database.transaction(tenant) as tx:
        first = await book(tx)
    async with database.transaction(tenant) as tx:
        before = tx.statements
        assert await book(tx) is first
        assert tx.statements == before
        await put_channel(tx, msgspec.structs.replace(CHANNEL, name="Shop", active=False))
    async with database.transaction(tenant) as tx:
        channel = (await book(tx)).channel("web-gb")
        assert (channel.name, channel.active) == ("Shop", False)
        assert channel.id == first.channel("web-gb").id


@pytest.mark.parametrize(
    ("change", "refusal", "pointer"),
    [
        ({"brand": "nobody"}, errors.UnknownBrand, "/brand"),
        ({"market": "mars"}, errors.UnknownMarket, "/market"),
        ({"entity": "nobody"}, errors.UnknownEntity, "/entity"),
        ({"locale": "fr-FR"}, errors.LocaleNotOfMarket, "/locale"),
        ({"methods": frozenset({"pickup"})}, errors.MethodNotOffered, "/default_method"),
        ({"type": "kiosk"}, errors.ChannelFixed, "/type"),
    ],
)
async def test_a_channel_that_does_not_fit_is_refused_with_a_pointer(
    tx: Tx, change, refusal, pointer
):
    await organization(tx)
    with pytest.raises(refusal) as refused:
        await put_channel(tx, msgspec.structs.replace(CHANNEL, **change))
    assert refused.value.pointer == pointer


async def test_entities_are_listed_with_their_series_and_numbers_have_no_gaps(tx: Tx):
    wish = msgspec.structs.replace(
        ENTITY, vat_numbers=(VatNumber("gb", "GB 980 7806 84"),), invoice_prefix="MF"
    )
    made = await put_entity(tx, wish)
    assert await list_entities(tx) == [made]
    assert made.vat_numbers == (VatNumber("GB", "980780684"),)
    first = await take_document_numbers(tx, entity_id=made.id, kind="invoice", count=2)
    then = await take_document_numbers(tx, entity_id=made.id, kind="invoice", count=1)
    assert first + then == ["MF1", "MF2", "MF3"]
    assert await take_document_numbers(tx, entity_id=made.id, kind="credit_note", count=1) == [
        "CRN-1"
    ]
    with pytest.raises(errors.InvoiceSeriesInUse) as refused:
        await put_entity(tx, ENTITY)
    assert refused.value.pointer == "/invoice_prefix"
    with pytest.raises(errors.UnknownInvoiceSeries):
        await take_document_numbers(tx, entity_id=uuid4(), kind="invoice", count=1)


async def test_two_who_number_documents_at_once_share_no_number(database: Database, tenant: str):
    async with database.transaction(tenant) as tx:
        entity = await put_entity(tx, ENTITY)

    async def number() -> list[str]:
        async with database.transaction(tenant) as tx:
            return await take_document_numbers(tx, entity_id=entity.id, kind="invoice", count=3)

    taken = [n for numbers in await asyncio.gather(*(number() for _ in range(8))) for n in numbers]
    assert sorted(taken, key=lambda n: int(n[4:])) == [f"INV-{n}" for n in range(1, 25)]


async def test_two_who_create_the_same_code_make_one_row(database: Database, tenant: str):
    async def create(name: str) -> Brand:
        async with database.transaction(tenant) as tx:
            return await put_brand(tx, PutBrand("marlow", name))

    made = await asyncio.gather(*(create(f"Name {n}") for n in range(8)))
    assert len({brand.id for brand in made}) == 1


async def test_a_market_needs_a_locale_and_keeps_its_currency(tx: Tx):
    with pytest.raises(errors.LocaleMissing):
        await put_market(tx, msgspec.structs.replace(MARKET, locales=()))
    await put_market(tx, MARKET)
    with pytest.raises(errors.MarketFixed):
        await put_market(tx, msgspec.structs.replace(MARKET, currency="EUR"))


async def test_staff_are_found_by_number_identifier_and_account(tx: Tx):
    account, buyer = uuid4(), uuid4()
    wishes = [
        PutStaffMember("E2", "Edna", frozenset({"manager"}), account_id=account, customer_id=buyer),
        PutStaffMember("E1", "Ed", frozenset({"associate"}), location_id=uuid4()),
    ]
    edna, ed = await put_staff(tx, wishes)
    assert (edna.code, ed.code) == ("E2", "E1")
    assert await staff_by_id(tx, [edna.id, uuid4()]) == {edna.id: edna}
    assert await staff_by_code(tx, ["E1", "E9"]) == {"E1": ed}
    assert await staff_by_account(tx, [account, uuid4()]) == {account: edna}
    assert await staff_by_customer(tx, [buyer, uuid4()]) == {buyer: edna}


# --- policies ------------------------------------------------------------------------------------


async def set_units(tx: Tx, units: int | None, **more):
    value = None if units is None else {"units": units}
    return await set_policy(tx, SetPolicy(KIND.name, value, "because", **more))


async def test_a_policy_is_set_resolved_and_told_to_the_log(tx: Tx):
    await organization(tx)
    wide = await set_units(tx, 3)
    narrow = await set_units(tx, 9, scope=Scope("channel", "web-gb"))
    known = await policies(tx)
    assert known.resolve(KIND, tx.now) == (Cushion(3), wide.id)
    assert known.resolve(KIND, tx.now, channel="web-gb") == (Cushion(9), narrow.id)
    assert (narrow.author, narrow.reason) == ("system:crosslane", "because")
    told = await log.history(tx, f"policy:{KIND.name}")
    assert [entry.kind for entry in told] == ["organization.PolicyChanged"] * 2


async def test_defaults_are_stored_with_the_value(tx: Tx):
    version = await set_units(tx, 3)
    assert version.value == {"units": 3, "note": ""}


async def test_an_undo_brings_back_what_held_before(tx: Tx):
    await set_units(tx, 3, valid_from=datetime(2011, 1, 1, tzinfo=UTC))
    wrong = await set_units(tx, 99)
    undo = await undo_policy(tx, UndoPolicy(wrong.id, "mistyped"))
    assert (undo.undoes, undo.no) == (wrong.id, wrong.no + 1)
    known = await policies(tx)
    assert known.resolve(KIND, undo.valid_from) == (Cushion(3), undo.id)
    with pytest.raises(errors.PolicySuperseded):
        await undo_policy(tx, UndoPolicy(wrong.id, "again"))
    redo = await undo_policy(tx, UndoPolicy(undo.id, "it was right"))
    assert (await policies(tx)).resolve(KIND, redo.valid_from)[0] == Cushion(99)


async def test_a_wish_is_seen_before_it_is_made_and_changes_nothing_until_then(tx: Tx):
    first = await set_units(tx, 1)
    seen = await preview_policy(tx, SetPolicy(KIND.name, {"units": 2}, "more", TENANT))
    assert (seen.present, seen.value) == (first, {"units": 2, "note": ""})
    back = await preview_undo(tx, first.id)
    assert (back.present, back.value) == (first, None)
    assert (await policies(tx)).versions(KIND, TENANT) == [first]
    with pytest.raises(errors.ReasonMissing):
        await preview_policy(tx, SetPolicy(KIND.name, {"units": 2}, " "))


async def test_whoever_has_seen_another_version_decides_again(tx: Tx):
    await set_units(tx, 1, instead_of=None)
    with pytest.raises(errors.PolicyMoved):
        await set_units(tx, 2, instead_of=None)
    seen = (await policies(tx)).in_force(KIND.name, TENANT, tx.now)
    assert seen is not None
    assert (await set_units(tx, 2, instead_of=seen.id)).value == {"units": 2, "note": ""}


async def test_a_policy_for_tomorrow_does_not_hold_today(tx: Tx):
    await set_units(tx, 3, valid_from=tx.now + timedelta(days=1))
    known = await policies(tx)
    assert known.resolve(KIND, tx.now)[0] == Cushion(0)
    assert known.resolve(KIND, tx.now + timedelta(days=1))[0] == Cushion(3)


async def test_wishes_that_cannot_be_are_refused(tx: Tx):
    await organization(tx)
    for wish, refusal in [
        (SetPolicy("no.such", {}, "r"), errors.UnknownPolicyKind),
        (SetPolicy(KIND.name, {"units": "many"}, "r"), errors.BadPolicyValue),
        (SetPolicy(KIND.name, {"unit": 1}, "r"), errors.BadPolicyValue),
        (SetPolicy(KIND.name, {"units": 1}, "  "), errors.ReasonMissing),
        (SetPolicy(KIND.name, None, "r", Scope("channel", "nope")), errors.UnknownPolicyScope),
        (SetPolicy(KIND.name, None, "r", Scope("brand", "nope")), errors.UnknownPolicyScope),
        (SetPolicy(KIND.name, None, "r", Scope("tenant", "x")), errors.ScopeNotAllowed),
    ]:
        with pytest.raises(refusal):
            await set_policy(tx, wish)
    with pytest.raises(errors.UnknownPolicyVersion):
        await undo_policy(tx, UndoPolicy(uuid4(), "r"))


async def test_the_module_that_owns_a_scope_says_whether_it_exists(tx: Tx):
    async def exists(_: Tx, code: str) -> bool:
        return code == "S0001"

    register_scope("location", exists)
    await set_units(tx, 1, scope=Scope("location", "S0001"))
    with pytest.raises(errors.UnknownPolicyScope, match="S0002"):
        await set_units(tx, 1, scope=Scope("location", "S0002"))


async def test_a_resolution_can_be_explained(tx: Tx):
    await organization(tx)
    version = await set_units(tx, 3, scope=Scope("brand", "marlow"))
    value, version_id, candidates = await explain_policy(
        tx, KIND.name, at=tx.now, location="S1", category=("home",), channel="web-gb"
    )
    assert (value, version_id) == (Cushion(3), version.id)
    assert [(c.scope.type, c.version is not None) for c in candidates] == [
        ("location", False),
        ("category", False),
        ("channel", False),
        ("brand", True),
        ("tenant", False),
    ]
    assert candidates[-1].scope == TENANT


async def test_two_kinds_of_one_name_are_a_mistake_of_the_composition():
    with pytest.raises(ValueError, match=r"test\.cushion"):
        register_policies([PolicyKind("test.cushion", Cushion, Cushion(1))])
