"""Keys of GS1: whichever way a key is written, it is one key, and a wrong one is refused."""

from contextlib import suppress
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosslane.channels.adapters.epcis.keys import Key, read_key, with_check_digit

# Of what serial numbers and batches are made (GS1 General Specifications, figure 7.11-1).
AI_82 = "!\"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
serials = st.text(AI_82, min_size=1, max_size=20).filter(lambda text: text not in ("*", "0"))
lengths = st.integers(6, 12)


def digits(count):
    return st.text("0123456789", min_size=count, max_size=count)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("urn:epc:id:sgtin:0614141.107346.2017", Key("gtin", "10614141073464", "2017")),
        ("urn:epc:id:sgtin:415056789012.0.987654", Key("gtin", "04150567890128", "987654")),
        ("urn:epc:id:sgtin:0614141.812345.6789%2F%26%25", Key("gtin", "80614141123458", "6789/&%")),
        ("urn:epc:class:lgtin:4054739.099914.16.07", Key("gtin", "04054739999148", "", "16.07")),
        ("urn:epc:idpat:sgtin:4012345.066666.*", Key("gtin", "04012345666663")),
        ("urn:epc:id:upui:1234567.098765.51q", Key("gtin", "01234567987651", "51q")),
        ("urn:epc:id:sscc:4012345.3111111111", Key("sscc", "340123451111111111")),
        ("urn:epc:id:sgln:4012345.00005.122", Key("gln", "4012345000054", "122")),
        ("urn:epc:id:sgln:4012345.00005.0", Key("gln", "4012345000054")),
        ("urn:epc:id:pgln:999999999999.", Key("pgln", "9999999999994")),
        ("urn:epc:id:grai:4012345.00022.334455", Key("grai", "04012345000221", "334455")),
        ("urn:epc:id:gdti:987659999999..9", Key("gdti", "9876599999992", "9")),
        ("urn:epc:id:itip:4012345.012345.01.02.*", Key("itip", "040123451234560102")),
        ("urn:epc:id:gsrn:4012345.0000006765", Key("gsrn", "401234500000067657")),
        ("urn:epc:id:giai:4012345.ABC345", Key("giai", "4012345ABC345")),
        ("urn:epc:id:cpi:0614141.11-A%23%2F.1234", Key("cpi", "061414111-A#/", "1234")),
        ("https://a.example/01/09780345418913/10/L%2F1", Key("gtin", "09780345418913", "", "L/1")),
        ("https://a.example/gtin/9780345418913/21/7?17=25", Key("gtin", "09780345418913", "7")),
        ("https://id.gs1.org/01/09780345418913?10=L1", Key("gtin", "09780345418913", "", "L1")),
        ("https://id.gs1.org/414/4012345000245/254/1", Key("gln", "4012345000245", "1")),
        ("https://id.gs1.org/8003/040123450007718765", Key("grai", "04012345000771", "8765")),
        ("https://id.gs1.org/253/4012345000054987", Key("gdti", "4012345000054", "987")),
        ("https://example.com/001/index.html", None),
        ("https://example.com/00/index.html", None),
        ("geo:50.9,6.9", None),
        ("urn:epc:id:usdod:CJ2TU.12345", None),
        ("4006381333931", None),
    ],
)  # fmt: skip
def test_a_key_is_read_however_it_is_written(text, key):
    assert read_key(text) == key


@pytest.mark.parametrize(
    "text",
    [
        "urn:epc:id:sgtin:0614141.10734.2017",
        "urn:epc:id:sgtin:061414.107346.2017",
        "urn:epc:id:sgtin:06141a1.107346.2017",
        "urn:epc:id:sgtin:0614141",
        "urn:epc:id:sgtin:0614141.10734x.1",
        "urn:epc:id:sscc:4012345.311111111",
        "urn:epc:id:itip:4012345.012345.01",
        "https://id.gs1.org/01/09780345418914",
        "https://id.gs1.org/01/978034541891",
        "https://id.gs1.org/00/340123451111111112",
        "https://id.gs1.org/414/40123450002451",
    ],
)
def test_a_wrong_key_is_refused(text):
    with pytest.raises(ValueError, match="no key of GS1"):
        read_key(text)


@given(st.data(), lengths, serials)
def test_a_thing_is_one_whether_a_urn_or_a_link_names_it(data, length, serial):
    prefix, item = data.draw(digits(length)), data.draw(digits(13 - length))
    urn = read_key(f"urn:epc:id:sgtin:{prefix}.{item}.{quote(serial, safe='')}")
    gtin = with_check_digit(item[0] + prefix + item[1:])
    link = read_key(f"https://id.gs1.org/01/{gtin}/21/{quote(serial, safe='')}")
    assert urn == link == Key("gtin", gtin, serial)


@given(st.data(), lengths)
def test_parcels_and_places_are_one_likewise(data, length):
    prefix, reference = data.draw(digits(length)), data.draw(digits(17 - length))
    sscc = with_check_digit(reference[0] + prefix + reference[1:])
    urn = read_key(f"urn:epc:id:sscc:{prefix}.{reference}")
    assert urn == read_key(f"https://id.gs1.org/00/{sscc}") == Key("sscc", sscc)
    place = data.draw(digits(12 - length))
    gln = with_check_digit(prefix + place)
    urn = read_key(f"urn:epc:id:sgln:{prefix}.{place}.0")
    assert urn == read_key(f"https://id.gs1.org/414/{gln}") == Key("gln", gln)


@given(digits(14), st.integers(0, 13), st.integers(1, 9))
def test_a_digit_that_is_misread_is_noticed(number, place, off):
    gtin = with_check_digit(number[1:])
    wrong = gtin[:place] + str((int(gtin[place]) + off) % 10) + gtin[place + 1 :]
    with pytest.raises(ValueError, match="no key of GS1"):
        read_key(f"https://id.gs1.org/01/{wrong}")


BEGINNINGS = ("", "urn:epc:id:", "urn:epc:class:lgtin:", "https://id.gs1.org/01/")


@given(st.text(max_size=40), st.sampled_from(BEGINNINGS))
def test_any_text_is_a_key_or_none_or_refused(text, before):
    with suppress(ValueError):
        key = read_key(before + text)
        assert key is None or key.number
