"""POSLog: published days of tills are read whole, and what the standard allows is understood."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from defusedxml.ElementTree import fromstring
from hypothesis import given
from hypothesis import strategies as st

from crosslane.channels.adapters import encoded, markup
from crosslane.channels.adapters.poslog import cutting
from crosslane.demo.raw import data_folder
from tests.channels.bazaar import Bazaar
from tests.channels.reading import CANONICAL, as_lines, forms_of, read, require_level
from tests.published import needs_published

# Garbage that waits to be collected, and what is kept of words that come again.
SLACK_BYTES = 96 << 10
FIXTURES = data_folder() / "fixtures/poslog"
ZONE = {"currency": "GBP", "timezone": "America/Los_Angeles"}
# What the sums of a basket are made of: its lines say what came of it.
RECKONED = {"ExtendedAmount", "Amount", "@TenderType", "@TypeCode", "@TaxID"}


def published() -> list[Path]:
    return sorted(FIXTURES.glob("*.xml"))


@pytest.mark.parametrize("path", published(), ids=lambda path: path.stem)
def test_a_published_day_is_read_as_it_was_checked(path):
    expected = CANONICAL / "poslog" / f"{path.stem}.jsonl"
    assert as_lines(read("poslog", path.read_bytes(), **ZONE)) == expected.read_text()


@pytest.mark.parametrize("path", published(), ids=lambda path: path.stem)
def test_nothing_of_a_published_day_gets_lost(path):
    raw = path.read_bytes()
    lost = []
    for element, reading in zip(fromstring(raw), read("poslog", raw), strict=True):
        (message,) = map(msgspec.to_builtins, reading.messages)
        rest = message.pop("rest")
        said = msgspec.json.encode(message).decode()
        lost += [
            (place, text)
            for place, text in leaves(element)
            if rest.get(place, "").strip() != text
            and place.rpartition("/")[2].rpartition(":")[2].split("[")[0] not in RECKONED
            and not any(form in said for form in forms_of(text))
        ]
    assert lost == []


def leaves(element, place="") -> Iterator[tuple[str, str]]:
    """Texts and attributes of an element with their places, told by another parser."""
    prefixes = {
        "http://www.nrf-arts.org/IXRetail/namespace/": "",
        "http://www.ncr.com/rsd/acs/tlog/markup/poslog/2.1": "acs:",
    }

    def short(name):
        uri, _, local = name.removeprefix("{").rpartition("}")
        return prefixes.get(uri, "") + local

    for name, value in element.attrib.items():
        tag = short(name)
        yield f"{place}/@{tag}", value.strip()
    if (element.text or "").strip():
        yield place, element.text.strip()
    counts: dict[str, int] = {}
    for child in element:
        tag = short(child.tag)
        counts[tag] = counts.get(tag, 0) + 1
        several = counts[tag] > 1 or tag == "LineItem"
        yield from leaves(child, f"{place}/{tag}" + (f"[{counts[tag]}]" if several else ""))


def log(*transactions: str, prefix: str = "", namespace: str = "urn:arts") -> bytes:
    bound = f"xmlns{':' + prefix if prefix else ''}" + f'="{namespace}"'
    name = f"{prefix}:POSLog" if prefix else "POSLog"
    return f"<?xml version='1.0'?><{name} {bound}>{''.join(transactions)}</{name}>".encode()


def transaction(inner: str, number: int = 1, flags: str = "") -> str:
    return (
        f"<Transaction{flags}><RetailStoreID>S1</RetailStoreID><WorkstationID>T2</WorkstationID>"
        f"<SequenceNumber>{number}</SequenceNumber><BusinessDayDate>2026-01-05</BusinessDayDate>"
        "<EndDateTime>2026-01-05T10:00:00</EndDateTime><CurrencyCode>EUR</CurrencyCode>"
        f"{inner}</Transaction>"
    )


def basket(*items: str, status: str = "") -> str:
    told = f' TransactionStatus="{status}"' if status else ""
    lines = "".join(f"<LineItem>{item}</LineItem>" for item in items)
    return transaction(f"<RetailTransaction{told}>{lines}</RetailTransaction>")


def sold(amount: str, quantity: str = "1", sku: str = "A", more: str = "", name: str = "Sale"):
    return (
        f"<{name}><ItemID>{sku}</ItemID><ExtendedAmount>{amount}</ExtendedAmount>"
        f"<Quantity>{quantity}</Quantity>{more}</{name}>"
    )


def paid(amount: str, kind: str = "Cash", more: str = "") -> str:
    return f'<Tender TenderType="{kind}"><Amount>{amount}</Amount>{more}</Tender>'


REFUND = '<Tender TenderType="Cash" TypeCode="Refund"><Amount>5.00</Amount></Tender>'


def one(text: str | bytes, **context):
    (reading,) = read("poslog", log(text) if isinstance(text, str) else text, **context)
    assert reading.fault is None, reading.fault
    (message,) = reading.messages
    return message


def fault(text: str | bytes):
    (reading,) = read("poslog", log(text) if isinstance(text, str) else text)
    assert reading.fault is not None
    assert reading.messages == ()
    return reading.fault


def prices(message) -> list[tuple[int, int]]:
    return [(line.quantity, line.minor) for line in message.lines]


def test_a_sale_is_named_by_store_till_day_and_number_in_the_zone_of_its_channel():
    sale = one(basket(sold("2.00", "2"), paid("2.00")), timezone="Europe/Berlin")
    assert (sale.source_id, sale.store, sale.till) == ("S1/T2/2026-01-05-1", "S1", "T2")
    assert sale.event_at.isoformat() == "2026-01-05T09:00:00+00:00"
    assert (prices(sale), sale.currency) == ([(2, 200)], "EUR")
    assert [(t.method, t.minor) for t in sale.tenders] == [("cash", 200)]


@pytest.mark.parametrize(
    ("items", "lines"),
    [
        pytest.param((sold("1.00"), paid("1.00")), [(1, 100)], id="tax included"),
        pytest.param(
            (sold("1.00"), "<Tax><Amount>0.19</Amount></Tax>", paid("1.19")),
            [(1, 119)],
            id="tax on top",
        ),
        pytest.param(
            (sold("1.19", more="<Tax><Amount>0.19</Amount></Tax>"), paid("1.19")),
            [(1, 119)],
            id="tax told but included",
        ),
        pytest.param(
            (sold("1.00", more="<Tax><Amount>0.19</Amount></Tax>"), paid("1.19")),
            [(1, 119)],
            id="tax of a line on top",
        ),
        pytest.param(
            (
                sold("5.00", more="<ExtendedDiscountAmount>1.00</ExtendedDiscountAmount>"),
                paid("4.00"),
            ),
            [(1, 400)],
            id="before its reduction",
        ),
        pytest.param(
            (
                sold("4.00", more="<ExtendedDiscountAmount>1.00</ExtendedDiscountAmount>"),
                paid("4.00"),
            ),
            [(1, 400)],
            id="after its reduction",
        ),
        pytest.param(
            (
                sold("3.00"),
                sold("1.00", sku="B"),
                "<Discount><Amount>0.40</Amount></Discount>",
                paid("3.60"),
            ),
            [(1, 270), (1, 90)],
            id="reduction of the basket",
        ),
        pytest.param(
            (sold("0.98"), "<Rounding><Amount>0.02</Amount></Rounding>", paid("1.00")),
            [(1, 100)],
            id="rounded",
        ),
        pytest.param((sold("0.00"), paid("0.00")), [(1, 0)], id="free"),
        pytest.param((sold("1.26", "0.42"), paid("1.26")), [(1, 126)], id="weighed"),
        pytest.param(
            (sold("5.00", name="Return"), REFUND),
            [(-1, -500)],
            id="return, refund told positive",
        ),
        pytest.param(
            (sold("-5.00", "-1"), sold("7.00", sku="B"), paid("2.00")),
            [(-1, -500), (1, 700)],
            id="exchange",
        ),
        pytest.param(
            (sold("-0.25"), sold("1.00", sku="B"), paid("0.75")),
            [(-1, -25), (1, 100)],
            id="deposit given back",
        ),
        pytest.param(
            (sold("1.00"), sold("1.00"), paid("2.00")), [(1, 100), (1, 100)], id="twice the same"
        ),
    ],
)
def test_lines_come_to_what_was_paid(items, lines):
    sale = one(basket(*items))
    assert prices(sale) == lines
    assert sum(line.minor for line in sale.lines) == sum(t.minor for t in sale.tenders)


def test_voided_lines_and_those_that_void_them_are_no_goods():
    marked = basket(sold("1.00"), sold("2.00", sku="B"), paid("1.00"))
    own = marked.replace("<LineItem><Sale><ItemID>B", '<LineItem VoidFlag="true"><Sale><ItemID>B')
    assert prices(one(own)) == [(1, 100)]
    counter = basket(sold("1.00"), sold("2.00", sku="B"), sold("-2.00", "-1", "B"), paid("1.00"))
    at = counter.rindex("<LineItem><Sale>")
    sale = one(f'{counter[:at]}<LineItem VoidFlag="true">{counter[at + 10 :]}')
    assert prices(sale) == [(1, 100)]
    assert sale.rest["/RetailTransaction/LineItem[2]/Sale/ItemID"] == "B"


def test_money_is_told_by_its_means_without_the_change():
    change = "<TenderChange><Amount>1.00</Amount></TenderChange>"
    sale = one(basket(sold("9.00"), paid("5.00", "CreditDebit"), paid("5.00", more=change)))
    assert [(t.method, t.minor) for t in sale.tenders] == [("card", 500), ("cash", 400)]
    kinds = {"Check": "cash", "AccountsReceivable": "on_account", "EBT": "card"}
    for kind, method in kinds.items():
        (tender,) = one(basket(sold("1.00"), paid("1.00", kind))).tenders
        assert tender.method == method
    by_child = '<Tender><Amount>1.00</Amount><CreditDebit CardType="Debit"/></Tender>'
    assert one(basket(sold("1.00"), by_child)).tenders[0].method == "card"


def test_goods_that_come_back_name_their_sale():
    link = (
        "<TransactionLink><RetailStoreID>S9</RetailStoreID><WorkstationID>T1</WorkstationID>"
        "<SequenceNumber>7</SequenceNumber>{}</TransactionLink>"
        '<Disposal Method="ReturnToStock"/><Reason>Defective</Reason>'
    )
    day = "<BusinessDayDate>2026-01-02</BusinessDayDate>"
    back = sold("5.00", name="Return", more=link.format(day))
    (line,) = one(basket(back, paid("-5.00"))).lines
    assert (line.receipt, line.reason, line.disposition) == (
        "S9/T1/2026-01-02-7",
        "faulty",
        "sellable",
    )
    # Without its day the number may be that of another sale: it proves a purchase, no more.
    (line,) = one(basket(sold("5.00", name="Return", more=link.format("")), paid("-5.00"))).lines
    assert (line.receipt, line.proof) == ("", "S9/T1/2026-01-05-7")


def test_a_sale_is_taken_back_afterwards():
    link = (
        '<TransactionLink ReasonCode="PostVoid"><SequenceNumber>7</SequenceNumber>'
        "<BusinessDayDate>2026-01-05</BusinessDayDate></TransactionLink>"
    )
    by_link = one(transaction(f"<RetailTransaction>{link}</RetailTransaction>"))
    own = one(transaction(f"<PostVoidTransaction>{link}</PostVoidTransaction>"))
    assert by_link.voids == own.voids == "S1/T2/2026-01-05-7"


@pytest.mark.parametrize(
    ("inner", "topic"),
    [
        ("<ControlTransaction><NoSale>2026-01-05</NoSale></ControlTransaction>", "no_sale"),
        ("<ControlTransaction><BusinessEOD/></ControlTransaction>", "business_eod"),
        ("<ControlTransaction><POSSOD/></ControlTransaction>", "possod"),
        (
            "<TenderControlTransaction><TypeCode>Loan</TypeCode><TenderLoan><Amount>50.00</Amount>"
            "</TenderLoan></TenderControlTransaction>",
            "tender_loan",
        ),
        ("<TenderControlTransaction><PaidOut/></TenderControlTransaction>", "paid_out"),
        ("<InventoryControlTransaction/>", "inventory_control"),
        ('<RetailTransaction TransactionStatus="Suspended"/>', "sale_suspended"),
        ("<RetailTransaction/>", "sale_without_goods"),
    ],
)
def test_what_asks_nothing_is_a_notice(inner, topic):
    assert one(transaction(inner)).topic == topic


def test_training_and_cancelled_sales_never_happened():
    text = basket(sold("1.00"), paid("1.00"))
    for flag, topic in (("TrainingModeFlag", "training"), ("CancelFlag", "sale_cancelled")):
        notice = one(text.replace("<Transaction>", f'<Transaction {flag}="true">'))
        assert notice.topic == topic
        assert notice.rest["/RetailTransaction/LineItem[1]/Sale/ItemID"] == "A"
        assert one(text.replace("<Transaction>", f'<Transaction {flag}="false">')).lines


def test_money_without_goods_is_money():
    money = one(basket("<PaymentOnAccount><Amount>9.00</Amount></PaymentOnAccount>", paid("9.00")))
    assert (money.step, money.minor, money.method) == ("captured", 900, "cash")


def test_later_versions_name_their_store_otherwise():
    text = basket(sold("1.00"), paid("1.00")).replace(
        "<RetailStoreID>S1</RetailStoreID>",
        "<BusinessUnit><UnitID TypeCode='RetailStore'>S1</UnitID></BusinessUnit>",
    )
    assert one(text).store == "S1"


@pytest.mark.parametrize("prefix", ["", "p"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "iso-8859-1", "windows-1252"])
def test_encodings_and_prefixes_say_the_same(encoding, prefix):
    text = basket(sold("1.00", more="<Description>Müsli</Description>"), paid("1.00"))
    if prefix:
        text = text.replace("</", f"</{prefix}:").replace("<", f"<{prefix}:")
        text = text.replace(f"<{prefix}:/", "</")
    raw = log(text, prefix=prefix).decode()
    raw = raw.replace("'1.0'", f"'1.0' encoding='{encoding.removesuffix('-sig')}'")
    (reading,) = read("poslog", raw.encode(encoding))
    assert reading.fault is None, reading.fault
    (sale,) = reading.messages
    assert sale.lines[0].title == "Müsli"
    # What is kept says the same again.
    (again,) = read("poslog", (reading.head + reading.body + reading.tail).encode())
    assert again.messages == reading.messages


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        (basket(sold("x"), paid("1.00")), "/RetailTransaction/LineItem[1]/Sale/ExtendedAmount"),
        (basket(sold("1e99"), paid("1.00")), "/RetailTransaction/LineItem[1]/Sale/ExtendedAmount"),
        (basket(sold("1.00", "many"), paid("1")), "/RetailTransaction/LineItem[1]/Sale/Quantity"),
        (basket(sold("1.00", "NaN"), paid("1")), "/RetailTransaction/LineItem[1]/Sale/Quantity"),
        (basket(sold("1.00"), paid("1", "Beads")), "/RetailTransaction/LineItem[2]/Tender/@Ten"),
        (basket(sold("1.00"), paid("2.00")), "/RetailTransaction"),
        (basket(sold("1.00", sku=""), paid("1")), "/RetailTransaction/LineItem[1]/Sale/ItemID"),
        (transaction("").replace("10:00:00", "noon"), "/EndDateTime"),
        (transaction("").replace("<WorkstationID>T2</WorkstationID>", ""), "/WorkstationID"),
        (transaction("<RetailTransaction><LineItem></Sale>"), "/RetailTransaction/LineItem[1]"),
        (basket(sold("1.00", sku="A" * 99), paid("1.00")), "/lines/0/sku"),
        (transaction("<a>" * 99 + "</a>" * 99), "/a/a/a"),
        ("<Transaction><Elsewhere>&bomb;</Elsewhere></Transaction>", "/Elsewhere"),
    ],
)
def test_what_cannot_be_understood_is_pointed_at(wrong, pointer):
    assert fault(wrong).pointer.startswith(pointer)


BOMB = (
    b'<!DOCTYPE POSLog [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">'
    b'<!ENTITY x SYSTEM "file:///etc/passwd">]>'
)


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "not-poslog"),
        (b"\x00" * 99, "not-poslog"),
        (b"{}", "not-poslog"),
        (b"<html/>", "not-poslog"),
        (b"x" * 200_000, "not-poslog"),
        (b"<?xml version='1.0' encoding='klingon'?><POSLog/>", "encoding-unknown"),
        (BOMB + log(basket(sold("1.00"), paid("1.00"))), "doctype-refused"),
        (
            log(basket("&b;").replace("<Transaction>", "<Transaction>" + BOMB.decode())),
            "malformed-xml",
        ),
    ],
)
def test_what_is_no_log_is_refused_at_once(raw, code):
    assert fault(raw).code == code


def test_a_log_of_no_transactions_says_nothing():
    assert read("poslog", log()) == []


def test_one_broken_transaction_does_no_harm_to_the_next():
    good = basket(sold("1.00"), paid("1.00"))
    unended = good.removesuffix("</Transaction>")
    other = "<Transaction><RetailStoreID>\udcff</RetailStoreID></Transaction>"
    raw = log().removesuffix(b"</POSLog>") + "".join(
        [good, unended, good, "<!-- <Transaction> -->", other, good]
    ).encode("utf-8", "surrogateescape")
    readings = read("poslog", raw)
    codes = [reading.fault and reading.fault.code for reading in readings]
    assert codes == [None, "record-cut-off", None, "malformed-xml", None]
    assert readings[-1].messages[0].rest == readings[0].messages[0].rest


@given(st.lists(st.sampled_from(range(7)), min_size=1, max_size=9), st.integers(1, 3))
def test_a_transaction_says_what_it_says_alone_whatever_stands_before_it(order, most):
    apart = [
        basket(sold("1.00"), paid("1.00")),
        basket(sold("2.00", more="<Lot xmlns='urn:x'><Made>1</Made></Lot>"), paid("2.00")),
        basket(sold("3.00", more="<a:Lot xmlns:a='urn:y'>7</a:Lot>"), paid("3.00")),
        basket("<Sale>" * 99),
        basket(sold("1.00"), "&b;"),
        transaction("<A></B>"),
        transaction("</POSLog>"),
    ]
    alone = [read("poslog", log(one))[0] for one in apart]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(markup, "RECORDS_A_PARSER_MAX", most)
        together = read("poslog", log(*(apart[n] for n in order)))
    assert [(one.messages, one.fault, one.body) for one in together] == [
        (alone[n].messages, alone[n].fault, alone[n].body) for n in order
    ]


def test_transactions_that_nothing_holds_together_are_read_as_well():
    bare = basket(sold("1.00"), paid("1.00"))
    whole = read("poslog", bare.encode() * 3)
    assert [one.fault for one in whole] == [None] * 3


@needs_published
def test_wherever_a_log_is_cut_off_its_transactions_are_read_or_pointed_at():
    raw = (FIXTURES / "ncr_acs_small.xml").read_bytes()
    whole = read("poslog", raw, **ZONE)
    for at in [n for n, byte in enumerate(raw) if byte == ord("<")]:
        readings = read("poslog", raw[:at], **ZONE)
        for found, expected in zip(readings, whole, strict=False):
            assert found.fault is not None or found.messages == expected.messages


@pytest.mark.parametrize(
    "part",
    [
        pytest.param(basket(sold("1.00"), paid("1.00")).encode(), id="a long day"),
        pytest.param(b"<Sale>" * 2_000, id="one without end"),
        pytest.param(b"<!-- " + b"x" * 10_000, id="a comment without end"),
    ],
)
def test_memory_does_not_grow_with_the_log(part, monkeypatch):
    monkeypatch.setattr(encoded, "CHUNK_BYTES", 4 << 10)
    monkeypatch.setattr(cutting, "CHUNK_BYTES", 4 << 10)
    monkeypatch.setattr(cutting, "RECORD_CHARACTERS_MAX", 16 << 10)
    opening = log().removesuffix(b"</POSLog>") + b"<Transaction>"
    require_level("poslog", opening, part, SLACK_BYTES)


async def test_a_day_of_a_till_is_booked(bazaar: Bazaar):
    link = (
        "<TransactionLink><RetailStoreID>S0001</RetailStoreID><WorkstationID>T2</WorkstationID>"
        "<SequenceNumber>1</SequenceNumber><BusinessDayDate>2026-01-05</BusinessDayDate>"
        "</TransactionLink>"
    )
    back = basket(sold("6.00", "1", "MUG", more=link, name="Return"), paid("-6.00"))
    control = transaction("<ControlTransaction><NoSale/></ControlTransaction>", 3)
    first = "</WorkstationID><SequenceNumber>1<"
    text = log(
        basket(sold("12.00", "2", "MUG"), paid("12.00")),
        back.replace(first, first.replace("1<", "2<"), 1),
        control,
    ).decode()
    before = await bazaar.on_hand("MUG", "S0001")
    text = text.replace(">S1<", ">S0001<").replace("EUR", "GBP")
    await bazaar.send(text, channel="till", format="poslog")
    await bazaar.work()
    told = [(one.kind, one.state) for one in await bazaar.messages()]
    assert told[:2] == [("sale", "applied"), ("sale", "applied")]
    assert told[2][0] == "notice"
    assert await bazaar.on_hand("MUG", "S0001") == before - 1
    await bazaar.assert_sound()
