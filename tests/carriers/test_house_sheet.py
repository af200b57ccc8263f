"""The packaged house carrier: complete, plausible and reaching every British address."""

import csv
import gzip
from datetime import date
from importlib import resources

import pytest
from tests.carriers.shipments import house_sheet

from crosslane.carriers import RateBook
from crosslane.carriers.domain.drafts import carrier_of, tariffs_of

DAY = date(2011, 1, 5)


@pytest.fixture(scope="module")
def book() -> RateBook:
    sheet = house_sheet()
    carrier, services = carrier_of(sheet.carrier, ["house"])
    return RateBook([carrier], services, tariffs_of(sheet.tariff, carrier, services))


def test_every_zone_served_has_a_price_up_to_the_heaviest_parcel(book):
    for service in book.services():
        for zone in service.transit:
            price = book.price_minor(service.code, zone, service.weight_max_grams, DAY)
            assert price is not None, f"{service.code} to {zone}"
            assert book.price_minor(service.code, zone, 1, DAY) <= price
            assert book.delivery_day(service.code, zone, DAY) is not None


@pytest.mark.parametrize(
    ("country", "postcode", "zone"),
    [
        ("GB", "LS1 4AP", "MAINLAND"),
        ("GB", "IV2 3AA", "HIGHLANDS"),
        ("GB", "IV45 8RS", "ISLANDS"),
        ("GB", "ZE1 0AA", "ISLANDS"),
        ("GB", "BT1 1DA", "NI"),
        ("GB", "PO30 1AA", "IOW"),
        ("GB", "PO1 1AA", "MAINLAND"),
        ("GB", "TR21 0AA", "SCILLY"),
        ("GB", "IM1 2SP", "IOM"),
        ("IM", "IM1 2SP", "IOM"),
        ("GB", "JE2 3EA", "CHANNEL"),
        ("GG", "GY1 2JZ", "CHANNEL"),
        ("IE", "D02 AF30", "IRELAND"),
        ("FR", "75008", "EUROPE"),
        ("JP", "100-0001", "WORLD"),
    ],
)
def test_zones(book, country, postcode, zone):
    code = "STANDARD48" if country in {"GB", "IM", "JE", "GG"} else "EXPORT"
    assert book.zone(code, country, postcode) == zone
    assert book.quotes(country, postcode, 900, DAY)


def test_every_sector_of_great_britain_can_be_reached(book):
    packed = resources.files("crosslane.locations").joinpath("gb_sectors.csv.gz").read_bytes()
    for row in csv.DictReader(gzip.decompress(packed).decode().splitlines()):
        postcode = row["sector"] + "AA"
        zone = book.zone("STANDARD48", "GB", postcode)
        assert book.price_minor("STANDARD48", zone, 2_000, DAY), postcode


def test_faster_costs_more(book):
    prices = [
        book.price_minor(code, "MAINLAND", 1_500, DAY)
        for code in ("ECONOMY", "STANDARD48", "EXPRESS24", "EXPRESS24-AM")
    ]
    assert prices == sorted(prices)


def test_saturday_leaves_on_friday_and_arrives_the_next_day(book):
    assert book.delivery_day("SATURDAY", "MAINLAND", date(2011, 1, 5)) == date(2011, 1, 8)
    assert book.delivery_day("SATURDAY", "MAINLAND", date(2011, 1, 7)) == date(2011, 1, 8)
