from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosslane.organization import errors
from crosslane.organization.domain import (
    METHODS,
    TENANT,
    Brand,
    Channel,
    Entity,
    Market,
    OrganizationBook,
    PolicyBook,
    PolicyKind,
    PolicyVersion,
    Scope,
    VatNumber,
    checked_entity,
    checked_market,
    refuse_channel,
    refuse_scope,
    require_code,
    require_country,
    require_currency,
    require_invoice_prefix,
    require_locale,
    require_timezone,
    require_vat_number,
)

DAY = datetime(2011, 1, 1, tzinfo=UTC)


class Cushion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    units: int


KIND = PolicyKind("inventory.safety_stock", Cushion, Cushion(0))


# --- codes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", ["web-gb", "S0001", "a", "x" * 40, "v1.2_b"])
def test_well_formed_codes(code):
    assert require_code(code) == code


@pytest.mark.parametrize("code", ["", "-a", "a b", "x" * 41, "a/b", "a:b", "é", "a\n"])
def test_malformed_codes_are_refused(code):
    with pytest.raises(errors.BadCode):
        require_code(code, pointer="/code")


@pytest.mark.parametrize(
    ("country", "number", "compact"),
    [
        ("GB", "GB 980 7806 84", "980780684"),
        ("IE", "IE 6433435F", "6433435F"),
        ("DE", "DE 136,695 976", "136695976"),
        ("JE", "abc 123", "ABC123"),
    ],
)
def test_vat_numbers_are_checked_and_kept_compact(country, number, compact):
    assert require_vat_number(country, number) == compact


@pytest.mark.parametrize(("country", "number"), [("GB", "GB 980780685"), ("DE", "1"), ("JE", "!")])
def test_wrong_vat_numbers_are_refused(country, number):
    with pytest.raises(errors.BadVatNumber):
        require_vat_number(country, number)


def test_words_of_the_world():
    assert require_country("gb") == "GB"
    assert require_currency("EUR") == "EUR"
    assert require_locale("en_gb") == "en-GB"
    assert require_locale("zh-hant-TW") == "zh-Hant-TW"
    assert require_timezone("Europe/London") == "Europe/London"
    assert require_invoice_prefix("INV-2011/") == "INV-2011/"


@pytest.mark.parametrize(
    ("check", "text", "refusal"),
    [
        (require_country, "EU", errors.BadCountry),
        (require_country, "GBR", errors.BadCountry),
        (require_currency, "gbp", errors.BadCurrency),
        (require_currency, "XYZ", errors.BadCurrency),
        (require_locale, "klingon", errors.BadLocale),
        (require_locale, "", errors.BadLocale),
        (require_timezone, "Mars/Olympus", errors.BadTimezone),
        (require_timezone, "../etc/passwd", errors.BadTimezone),
        (require_timezone, "", errors.BadTimezone),
        (require_timezone, "Europe", errors.BadTimezone),
        (require_invoice_prefix, "inv", errors.BadInvoiceSeries),
    ],
)
def test_unknown_words_are_refused(check, text, refusal):
    with pytest.raises(refusal):
        check(text)


# --- the book ------------------------------------------------------------------------------------


def an_entity(**changes) -> Entity:
    return msgspec.structs.replace(
        Entity(uuid4(), "mf-ltd", "Marlow & Finch Ltd", "gb", "GBP"), **changes
    )


def a_market(**changes) -> Market:
    return msgspec.structs.replace(
        Market(
            uuid4(), "gb", "Britain", "GB", "GBP", ("en-GB", "cy-GB"), "inclusive", "Europe/London"
        ),
        **changes,
    )


def a_channel(**changes) -> Channel:
    return msgspec.structs.replace(
        Channel(
            id=uuid4(),
            code="web-gb",
            name="Web shop",
            type="web",
            brand="marlow",
            market="gb",
            entity="mf-ltd",
            currency="GBP",
            country="GB",
            locale="en-GB",
            tax_mode="inclusive",
            timezone="Europe/London",
            methods=METHODS,
            default_method="ship",
        ),
        **changes,
    )


def test_an_entity_is_brought_to_canonical_form():
    wished = an_entity(vat_numbers=(VatNumber("ie", "IE6433435F"), VatNumber("gb", "GB980780684")))
    made = checked_entity(wished)
    assert made.country == "GB"
    assert made.vat_numbers == (VatNumber("GB", "980780684"), VatNumber("IE", "6433435F"))


def test_books_keep_their_currency():
    before = an_entity()
    with pytest.raises(errors.BookCurrencyFixed, match="GBP"):
        checked_entity(an_entity(book_currency="EUR"), before=before)


def test_a_market_keeps_country_and_currency_and_its_locales_once_each():
    made = checked_market(a_market(locales=("en_gb", "en-GB", "cy-GB")))
    assert made.locales == ("en-GB", "cy-GB")
    with pytest.raises(errors.MarketFixed, match="currency"):
        checked_market(a_market(currency="EUR"), before=a_market())


def test_a_channel_speaks_a_locale_of_its_market_and_keeps_what_its_orders_rest_on():
    refuse_channel(a_channel(), a_market())
    refuse_channel(a_channel(name="Shop", active=False), a_market(), before=a_channel())
    with pytest.raises(errors.LocaleNotOfMarket):
        refuse_channel(a_channel(locale="fr-FR"), a_market())
    for field, other in [("brand", "finch"), ("entity", "other"), ("tax_mode", "exclusive")]:
        with pytest.raises(errors.ChannelFixed, match=field):
            refuse_channel(a_channel(**{field: other}), a_market(), before=a_channel())


def test_the_book_finds_by_code_and_identifier():
    entity, market, channel = an_entity(), a_market(), a_channel()
    brand = Brand(uuid4(), "marlow", "Marlow")
    book = OrganizationBook(entities=[entity], brands=[brand], markets=[market], channels=[channel])
    assert book.entity("mf-ltd") is book.entity_by_id(entity.id) is entity
    assert book.channel("web-gb") is book.channel_by_id(channel.id) is channel
    assert book.market("gb") is market
    assert book.brand("marlow") is brand
    for find, refusal in [
        (book.entity, errors.UnknownEntity),
        (book.brand, errors.UnknownBrand),
        (book.market, errors.UnknownMarket),
        (book.channel, errors.UnknownChannel),
    ]:
        with pytest.raises(refusal) as refused:
            find("nowhere", pointer="/channel")
        assert refused.value.pointer == "/channel"
    with pytest.raises(errors.UnknownChannel):
        book.channel_by_id(uuid4())
    with pytest.raises(errors.UnknownEntity):
        book.entity_by_id(uuid4())


# --- policies ------------------------------------------------------------------------------------


def version(no, units, *, day=0, scope=TENANT, undoes=None) -> PolicyVersion:
    value = None if units is None else {"units": units}
    at = DAY + timedelta(days=day)
    return PolicyVersion(
        UUID(int=no), no, KIND.name, scope, at, value, "staff:x", "because", at, undoes
    )


def units_at(book, day, **where):
    return book.resolve(KIND, DAY + timedelta(days=day), **where)[0].units


def test_nothing_set_means_the_default():
    assert PolicyBook().resolve(KIND, DAY) == (Cushion(0), None)


def test_the_latest_start_that_has_come_is_in_force():
    book = PolicyBook([version(1, 10, day=1), version(3, 30, day=3), version(2, 20, day=5)])
    assert [units_at(book, day) for day in range(7)] == [0, 10, 10, 30, 30, 20, 20]
    assert book.resolve(KIND, DAY + timedelta(days=4))[1] == UUID(int=3)


def test_of_the_same_start_the_one_recorded_last_is_in_force():
    assert units_at(PolicyBook([version(2, 20), version(1, 10)]), 0) == 20


def test_the_most_specific_scope_wins_as_a_whole():
    book = PolicyBook(
        [
            version(1, 1),
            version(2, 2, scope=Scope("brand", "marlow")),
            version(3, 3, scope=Scope("channel", "web-gb")),
            version(4, 4, scope=Scope("category", "home")),
            version(5, 5, scope=Scope("category", "mugs")),
            version(6, 6, scope=Scope("location", "S0001")),
        ]
    )
    everything = {
        "location": "S0001",
        "category": ("home", "mugs"),
        "channel": "web-gb",
        "brand": "marlow",
    }
    seen = []
    for left_out in (None, "location", "category", "channel", "brand"):
        everything.pop(left_out, None)
        seen.append(units_at(book, 0, **everything))
    assert seen == [6, 5, 3, 2, 1]
    assert units_at(book, 0, category=("home", "lamps")) == 4


def test_a_scope_that_gives_up_its_value_falls_back_to_the_wider_one():
    shop = Scope("location", "S0001")
    book = PolicyBook(
        [version(1, 1), version(2, 9, scope=shop), version(3, None, day=2, scope=shop)]
    )
    assert [units_at(book, day, location="S0001") for day in (1, 2)] == [9, 1]


def test_a_scope_the_kind_does_not_know_is_not_asked():
    narrow = PolicyKind("catalog.x", Cushion, Cushion(7), ("category", "tenant"))
    candidates = PolicyBook().candidates(narrow, DAY, location="S1", category=("a", "b"))
    assert [c.scope.code for c in candidates] == ["b", "a", ""]


def test_an_undo_starts_now_and_says_again_what_held_before():
    first, second = version(1, 10), version(2, 20, day=2)
    now = DAY + timedelta(days=4)
    start, value = PolicyBook([first, second]).undone(second, now)
    assert (start, value) == (now, first.value)
    start, value = PolicyBook([first]).undone(first, now)
    assert (start, value) == (now, None)


def test_undoing_what_lies_ahead_leaves_the_present_alone():
    first, second = version(1, 10), version(2, 20, day=9)
    start, value = PolicyBook([first, second]).undone(second, DAY + timedelta(days=4))
    assert (start, value) == (second.valid_from, first.value)


def test_only_the_version_in_force_can_be_undone():
    first, second = version(1, 10), version(2, 20, day=2)
    with pytest.raises(errors.PolicySuperseded):
        PolicyBook([first, second]).undone(first, DAY + timedelta(days=4))
    with pytest.raises(errors.PolicySuperseded):
        PolicyBook().undone(first, DAY)


@given(st.lists(st.tuples(st.integers(0, 8), st.none() | st.integers(0, 99)), max_size=12))
def test_resolution_equals_the_plain_reading_of_the_rule(history):
    versions = [version(no, units, day=day) for no, (day, units) in enumerate(history, 1)]
    book = PolicyBook(reversed(versions))
    for day in range(-1, 10):
        at = DAY + timedelta(days=day)
        held = max(
            (v for v in versions if v.valid_from <= at),
            key=lambda v: (v.valid_from, v.no),
            default=None,
        )
        said = None if held is None or held.value is None else KIND.read(held.value)
        assert book.resolve(KIND, at)[0] == (said or KIND.default)


@given(
    st.lists(st.tuples(st.integers(0, 8), st.integers(0, 99)), min_size=1, max_size=8),
    st.integers(0, 8),
)
def test_undo_and_undo_again_restore_both_values(history, day):
    versions = [version(no, units, day=start) for no, (start, units) in enumerate(history, 1)]
    now = DAY + timedelta(days=day)
    book = PolicyBook(versions)
    target = book.in_force(KIND.name, TENANT, now)
    if target is None:
        return
    start, value = book.undone(target, now)
    undo = msgspec.structs.replace(target, id=UUID(int=100), no=100, valid_from=start, value=value)
    again = PolicyBook([*versions, undo])
    assert again.in_force(KIND.name, TENANT, now) is undo
    assert again.undone(undo, now)[1] == target.value


def test_a_value_must_fit_its_kind():
    with pytest.raises(errors.BadPolicyValue, match="unit"):
        KIND.read({"unit": 1})
    with pytest.raises(TypeError):
        PolicyKind("x.y", Brand, Brand(uuid4(), "a", "b"))


def test_a_scope_must_fit_the_kind():
    narrow = PolicyKind("x.y", Cushion, Cushion(0), ("channel", "tenant"))
    refuse_scope(narrow, TENANT)
    refuse_scope(narrow, Scope("channel", "web-gb"))
    for scope in [Scope("brand", "b"), Scope("channel", ""), Scope("tenant", "x")]:
        with pytest.raises(errors.ScopeNotAllowed):
            refuse_scope(narrow, scope)
