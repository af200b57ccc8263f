from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosslane.customers import errors
from crosslane.customers.domain import (
    Address,
    Consent,
    CustomerRef,
    Identity,
    identities_of,
    is_granted,
    label_lines,
    normal_account_number,
    normal_email,
    normal_phone,
    normal_postcode,
    recognized,
    region_in_latin,
    require_address,
    require_payment_terms,
    require_purpose,
)
from crosslane.kernel import Refusal
from crosslane.organization import BadCountry

HOME = Address("GB", ("12 High Street",), "Leeds", "ls1 4dy", name="Ann Example")


def an_address(**changes) -> Address:
    return msgspec.structs.replace(HOME, **changes)


# --- postcodes -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("country", "given_as", "postcode"),
    [
        ("GB", "sw1a1aa", "SW1A 1AA"),
        ("GB", "M2 5BQ", "M2 5BQ"),
        ("GB", " m 25bq", "M2 5BQ"),
        ("GB", "ec1y-8sy", "EC1Y 8SY"),
        ("GB", "gir0aa", "GIR 0AA"),
        ("GB", "bfpo61", "BFPO 61"),
        ("GB", "BFPO1234", "BFPO1234"),
        ("GB", "BT1 1AA", "BT1 1AA"),
        ("JE", "je23ab", "JE2 3AB"),
        ("GG", "gy11aa", "GY1 1AA"),
        ("IM", "im991ps", "IM99 1PS"),
        ("IE", "a65f4e2", "A65 F4E2"),
        ("IE", "", ""),
        ("NL", "1234ab", "1234 AB"),
        ("SE", "114 55", "11455"),
        ("SE", "SE-11455", "11455"),
        ("FI", "FI-00550", "00550"),
        ("CA", "k1a0b1", "K1A 0B1"),
        ("US", "98011", "98011"),
        ("US", "221621010", "22162-1010"),
        ("DE", "26133", "26133"),
        ("FR", "33 380", "33380"),
        ("PL", "00950", "00-950"),
        ("JP", "1540023", "154-0023"),
        ("HK", "whatever", "WHATEVER"),
        ("XK", "10000", "10000"),
    ],
)
def test_a_postcode_is_spelled_as_its_country_does(country, given_as, postcode):
    assert normal_postcode(country, " ".join(given_as.split())) == postcode
    assert normal_postcode(country, postcode) == postcode


@pytest.mark.parametrize(
    ("country", "postcode"),
    [("GB", "C2H 7AU"), ("GB", "SW1A"), ("GB", "12345"), ("IE", "D1"), ("CA", "8Y"), ("DE", "A"),
     ("JE", "GY1 1AA"), ("US", "1234")],
)  # fmt: skip
def test_what_is_no_postcode_of_the_country_is_refused_with_an_example(country, postcode):
    with pytest.raises(errors.BadPostcode) as refused:
        normal_postcode(country, postcode, pointer="/postcode")
    assert refused.value.pointer == "/postcode"
    assert postcode not in refused.value.message


@given(st.sampled_from(["GB", "IE", "NL", "US", "CA", "JE", "PL", "SE"]), st.text(max_size=12))
def test_a_postcode_is_refused_or_stays_what_it_became(country, text):
    try:
        made = normal_postcode(country, text)
    except errors.BadPostcode:
        return
    assert normal_postcode(country, made) == made


# --- addresses -----------------------------------------------------------------------------------


def test_an_address_is_brought_to_its_one_form():
    messy = Address(
        "gb",
        ("  12  High Street ", "", "Flat 3"),
        "Leeds\u00a0",
        "ls14dy",
        name="Ann   Exam\u0070le",
        phone="0113 496 0123",
        email="Ann@Example.COM",
    )
    assert require_address(messy) == Address(
        "GB",
        ("12 High Street", "Flat 3"),
        "Leeds",
        "LS1 4DY",
        name="Ann Example",
        phone="+441134960123",
        email="ann@example.com",
    )


@pytest.mark.parametrize(
    ("postcode", "country"),
    [("JE2 3AB", "JE"), ("GY1 1AA", "GG"), ("IM1 2SP", "IM"), ("BT1 1AA", "GB"), ("G1 1AA", "GB")],
)
def test_the_islands_are_countries_of_their_own(postcode, country):
    assert require_address(an_address(postcode=postcode)).country == country


def test_ireland_needs_no_postcode_and_america_a_state():
    dublin = an_address(country="IE", city="Dublin", postcode="")
    assert require_address(dublin).postcode == ""
    seattle = an_address(country="US", city="Bothell", postcode="98011", region="washington")
    assert require_address(seattle).region == "WA"
    hong_kong = Address("HK", ("1 Queen's Road",), "", region="Kowloon", name="Ann")
    assert require_address(hong_kong).region == "Kowloon"


@pytest.mark.parametrize(
    ("changes", "refusal", "pointer"),
    [
        ({"country": "UK"}, BadCountry, "/to/country"),
        ({"country": ""}, BadCountry, "/to/country"),
        ({"lines": ()}, errors.AddressIncomplete, "/to/lines"),
        ({"lines": ("", " ")}, errors.AddressIncomplete, "/to/lines"),
        ({"lines": ("a",) * 5}, errors.TooManyAddressLines, "/to/lines"),
        ({"lines": ("a", "b\u0007")}, errors.AddressTextInvalid, "/to/lines/1"),
        ({"lines": ("x" * 101,)}, errors.AddressTextInvalid, "/to/lines/0"),
        ({"city": ""}, errors.AddressIncomplete, "/to/city"),
        ({"postcode": ""}, errors.AddressIncomplete, "/to/postcode"),
        ({"postcode": "nowhere"}, errors.BadPostcode, "/to/postcode"),
        ({"name": " "}, errors.NameMissing, "/to/name"),
        ({"name": "a\u202eb"}, errors.AddressTextInvalid, "/to/name"),
        ({"phone": "12"}, errors.BadPhone, "/to/phone"),
        ({"email": "nobody"}, errors.BadEmail, "/to/email"),
        ({"country": "US", "postcode": "98011"}, errors.AddressIncomplete, "/to/region"),
        ({"country": "US", "postcode": "98011", "region": "XX"}, errors.UnknownRegion,
         "/to/region"),
        ({"country": "US", "postcode": "98011", "region": "CA"}, errors.PostcodeElsewhere,
         "/to/postcode"),
    ],
)  # fmt: skip
def test_a_bad_address_is_refused_with_a_pointer(changes, refusal, pointer):
    with pytest.raises(refusal) as refused:
        require_address(an_address(**changes), pointer="/to")
    assert refused.value.pointer == pointer


def test_an_organization_needs_no_name_of_a_person():
    assert require_address(an_address(name="", organization="Example Ltd")).name == ""


@given(
    st.builds(
        Address,
        st.sampled_from(["GB", "IE", "US", "FR", "JE", "HK", "CN", "gb", "??"]),
        st.lists(st.text(max_size=20), max_size=5).map(tuple),
        st.text(max_size=20),
        st.sampled_from(["", "LS1 4DY", "je23ab", "98011", "33380", "x"]),
        st.sampled_from(["", "WA", "Kowloon"]),
        st.text(max_size=20),
    )
)
def test_whatever_is_accepted_is_accepted_again_unchanged(address):
    try:
        made = require_address(address)
    except Refusal:
        return
    assert require_address(made) == made


@pytest.mark.parametrize(
    ("country", "region", "latin"),
    [
        ("JP", "東京都", "Tokyo"),
        ("AE", "إمارة دبيّ", "Dubai"),
        ("HK", "Kowloon", "Kowloon"),
        ("US", "CA", "CA"),
        ("GB", "Kent", "Kent"),
        ("FR", "", ""),
    ],
)
def test_a_region_has_a_name_that_carriers_abroad_read(country, region, latin):
    assert region_in_latin(country, region) == latin


def test_a_label_is_written_as_the_country_does():
    assert label_lines(require_address(HOME)) == [
        "Ann Example",
        "12 High Street",
        "LEEDS",
        "LS1 4DY",
        "UNITED KINGDOM",
    ]
    paris = Address("FR", ("1 rue X", "Bât. 2"), "Paris", "75001", name="Ann", organization="Ex SA")
    assert label_lines(require_address(paris)) == [
        "Ex SA",
        "Ann",
        "1 rue X",
        "Bât. 2",
        "75001 PARIS",
        "FRANCE",
    ]


# --- identities ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given_as", "email"),
    [
        ("Ann@Example.COM", "ann@example.com"),
        (" a.b+c@x.co.uk ", "a.b+c@x.co.uk"),
        ("info@bücher.example", "info@xn--bcher-kva.example"),
        ("o'neil@example.ie", "o'neil@example.ie"),
    ],
)
def test_an_email_address_has_one_form(given_as, email):
    assert normal_email(given_as) == email
    assert normal_email(email) == email


@pytest.mark.parametrize(
    "email",
    ["", "a", "@x.com", "a@", "a@b", "a@b.1c", "a b@x.com", "a@x..com", ".a@x.com", "a.@x.com",
     "a..b@x.com", "a@-x.com", "a@x.com,b@x.com", "Ann <a@x.com>", f"{'x' * 65}@x.com",
     f"a@{'x' * 250}.com", "a@x.com\nBcc: b@x.com", "a@\u2488.com", "a@[127.0.0.1]"],
)  # fmt: skip
def test_what_cannot_receive_messages_is_refused(email):
    with pytest.raises(errors.BadEmail):
        normal_email(email)


@pytest.mark.parametrize(
    ("phone", "country", "e164"),
    [
        ("020 7946 0958", "GB", "+442079460958"),
        ("+44 (0)20 7946 0958", "", "+442079460958"),
        ("01534 440000", "JE", "+441534440000"),
        ("087 123 4567", "IE", "+353871234567"),
        ("+1 650 253 0000", "GB", "+16502530000"),
    ],
)
def test_a_telephone_number_has_one_form(phone, country, e164):
    assert normal_phone(phone, country) == e164
    assert normal_phone(e164, "") == e164


@pytest.mark.parametrize(
    ("phone", "country"), [("12", "GB"), ("call me", "GB"), ("02079460958", "")]
)
def test_what_cannot_be_called_is_refused(phone, country):
    with pytest.raises(errors.BadPhone):
        normal_phone(phone, country)


def test_a_reference_says_the_strongest_first():
    ref = CustomerRef(
        account_number=" ab-1 ",
        channel="amazon",
        channel_customer="A1",
        email="A@x.com",
        phone="+442079460958",
    )
    assert identities_of(ref) == (
        Identity("account_number", "AB-1"),
        Identity("channel", "A1", "amazon"),
        Identity("email", "a@x.com"),
        Identity("phone", "+442079460958"),
    )
    assert identities_of(CustomerRef(name="Ann")) == ()


@pytest.mark.parametrize(
    ("ref", "refusal", "pointer"),
    [
        (CustomerRef(), errors.IdentityMissing, "/customer"),
        (CustomerRef(name=" "), errors.IdentityMissing, "/customer"),
        (CustomerRef(email="x"), errors.BadEmail, "/customer/email"),
        (CustomerRef(phone="1"), errors.BadPhone, "/customer/phone"),
        (CustomerRef(account_number="?"), errors.BadAccountNumber, "/customer/account_number"),
        (CustomerRef(channel="a", channel_customer="\n"), errors.BadChannelIdentity,
         "/customer/channel_customer"),
    ],
)  # fmt: skip
def test_a_bad_reference_is_refused_with_a_pointer(ref, refusal, pointer):
    with pytest.raises(refusal) as refused:
        identities_of(ref, pointer="/customer")
    assert refused.value.pointer == pointer


def test_account_numbers_are_capitals():
    assert normal_account_number("12347") == "12347"
    assert normal_account_number("ab/1") == "AB/1"


# --- recognizing ---------------------------------------------------------------------------------

ACCOUNT, EMAIL, PHONE = (
    Identity("account_number", "1"),
    Identity("email", "a@x.com"),
    Identity("phone", "+441"),
)
KNOWN, OTHER = UUID(int=1), UUID(int=2)
NEW = [UUID(int=n) for n in range(100, 110)]


@pytest.mark.parametrize(
    ("wanted", "owners", "answers", "newcomers"),
    [
        ([(EMAIL,)], {EMAIL: KNOWN}, [KNOWN], []),
        ([(EMAIL,)], {}, [NEW[0]], [(NEW[0], 0, (EMAIL,))]),
        # The strongest decides alone, and a known customer gains nothing.
        ([(ACCOUNT, EMAIL)], {ACCOUNT: KNOWN, EMAIL: OTHER}, [KNOWN], []),
        ([(ACCOUNT, EMAIL)], {ACCOUNT: KNOWN}, [KNOWN], []),
        # A new account whose e-mail address is another customer's does not take it.
        ([(ACCOUNT, EMAIL, PHONE)], {EMAIL: OTHER}, [NEW[0]], [(NEW[0], 0, (ACCOUNT, PHONE))]),
        # Equal references of one call are one customer.
        ([(EMAIL, PHONE), (EMAIL,), (PHONE,)], {}, [NEW[0]] * 3, [(NEW[0], 0, (EMAIL, PHONE))]),
        # Somebody with only a name is always somebody new.
        ([(), ()], {}, [NEW[0], NEW[1]], [(NEW[0], 0, ()), (NEW[1], 1, ())]),
    ],
)
def test_who_a_reference_is(wanted, owners, answers, newcomers):
    said, made = recognized(wanted, owners, NEW)
    assert said == answers
    assert [(n.id, n.place, n.identities) for n in made] == newcomers


_IDENTITIES = st.lists(
    st.sampled_from([ACCOUNT, EMAIL, PHONE, Identity("email", "b@x.com")]), unique=True
).map(lambda found: tuple(sorted(found)))


@given(
    st.lists(_IDENTITIES, max_size=8),
    st.dictionaries(st.sampled_from([ACCOUNT, EMAIL, PHONE]), st.sampled_from([KNOWN, OTHER])),
)
def test_nobody_takes_an_identity_from_another_and_the_strongest_holds(wanted, owners):
    answers, newcomers = recognized(wanted, owners, NEW)
    claimed = [identity for newcomer in newcomers for identity in newcomer.identities]
    assert len(claimed) == len(set(claimed))
    assert not set(claimed) & owners.keys()
    holds = owners | {i: newcomer.id for newcomer in newcomers for i in newcomer.identities}
    for identities, answer in zip(wanted, answers, strict=True):
        if identities:
            assert holds[identities[0]] == answer


# --- consent and terms ---------------------------------------------------------------------------

DAY = datetime(2011, 1, 1, tzinfo=UTC)


def consent(day: int, granted: bool, *, channel="", brand="", purpose="newsletter") -> Consent:
    return Consent(purpose, channel, brand, granted, "form 3", DAY + timedelta(days=day))


@pytest.mark.parametrize(
    ("given_ones", "allowed"),
    [
        ([], False),
        ([consent(0, True)], True),
        ([consent(0, True), consent(1, False)], False),
        ([consent(1, False), consent(0, True)], False),
        ([consent(0, True), consent(0, False)], False),
        ([consent(9, True)], False),
        ([consent(0, True, purpose="profiling")], False),
        ([consent(0, True, channel="web")], True),
        ([consent(0, True, channel="phone")], False),
        ([consent(0, True, channel="web"), consent(1, False, brand="marlow")], False),
        ([consent(0, False), consent(1, True, channel="web", brand="marlow")], True),
        ([consent(0, True), consent(1, False, brand="finch")], True),
    ],
)
def test_the_last_fitting_word_counts(given_ones, allowed):
    at = DAY + timedelta(days=5)
    asked = {"purpose": "newsletter", "channel": "web", "brand": "marlow", "at": at}
    assert is_granted(given_ones, **asked) is allowed


def test_purposes_and_terms():
    assert require_purpose("newsletter") == "newsletter"
    assert require_payment_terms(30) == 30
    assert require_payment_terms(None) is None
    with pytest.raises(errors.BadPurpose):
        require_purpose("News letter")
    for days in (-1, 366):
        with pytest.raises(errors.PaymentTermsOutOfRange):
            require_payment_terms(days)
