"""Where articles lie at a location: told in bulk, read in walking order."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosslane.inventory import BinsLine, PutBins, bin_of, bins_here
from crosslane.inventory.domain.bins import BINS_PER_ARTICLE_MAX
from crosslane.inventory.errors import BadBin
from crosslane.inventory.service.bins import put_bins
from crosslane.verify import verify
from crosslane.verify.inventory import RULES
from tests.edge import send

CODES = st.from_regex(r"[A-Z]{1,2}[0-9]{1,3}-[0-9]{1,3}", fullmatch=True)


def test_people_walk_as_they_count():
    walked = sorted(
        ["B1", "A10-1", "A9-12", "A9-2", "A-9", "10-1", "9-1", "A9"],
        key=lambda code: bin_of(code).walk,
    )
    assert walked == ["9-1", "10-1", "A-9", "A9", "A9-2", "A9-12", "A10-1", "B1"]
    assert bin_of(" a12-03 ").code == "A12-03"
    assert bin_of("A12-03-2").aisle == "A12"


@pytest.mark.parametrize("text", ["", "-1", "Ä1", "A" * 21, "A\x00", "A'1"])
def test_what_no_shelf_is_called_is_refused(text: str):
    with pytest.raises(BadBin):
        bin_of(text)


@given(CODES, CODES)
def test_the_way_is_that_of_letters_and_then_of_numbers(one: str, other: str):
    def counted(code: str) -> tuple:
        letters, aisle, bay = re.fullmatch(r"([A-Z]+)([0-9]+)-([0-9]+)", code).groups()
        return letters, int(aisle), int(bay)

    by_walk = bin_of(one).walk < bin_of(other).walk
    assert by_walk == (counted(one) < counted(other))


def line(sku: str, *bins: str, location: str = "DC") -> dict:
    return {"sku": sku, "location": location, "bins": list(bins)}


async def told(client, *lines: dict) -> dict:
    answer = await send(client, "inventory/bins", {"lines": lines})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def walked(client, location: str = "DC") -> list[tuple[str, str, int]]:
    found, cursor = [], None
    while True:
        query = {"location": location, "limit": 2} | ({"cursor": cursor} if cursor else {})
        page = (await client.get("inventory/bins", params=query)).json()
        found += [(one["sku"], one["bin"], one["place"]) for one in page["items"]]
        if not (cursor := page["next_cursor"]):
            return found


async def test_bins_are_told_in_bulk_and_read_in_walking_order(client, database, shop):
    lines = line("mug", "a10-1", "K1"), line("BOWL", "A9-3"), line("MUG", "X", location="LEEDS")
    assert (await told(client, *lines))["changed"] == 3
    assert await walked(client) == [("BOWL", "A9-3", 0), ("MUG", "A10-1", 0), ("MUG", "K1", 1)]
    assert (await told(client, *lines))["unchanged"] == 3
    # What is told is all there is: the old shelf is forgotten, and with none all of them are.
    await told(client, line("MUG", "K1", "K1"), line("BOWL"))
    assert await walked(client) == [("MUG", "K1", 0)]
    async with database.transaction(shop.tenant) as tx:
        found = await bins_here(tx, shop.locations["DC"], [shop.mug])
    assert [one.code for one in found[shop.mug]] == ["K1"]


async def test_lines_that_cannot_be_are_told_one_by_one(client):
    many = [f"A{n}" for n in range(BINS_PER_ARTICLE_MAX + 1)]
    done = await told(
        client,
        line("MUG", "A1"),
        line("NIX", "A1"),
        line("MUG", "?", location="LEEDS"),
        line("BOWL", "A1", location="MOON"),
        line("BOWL", *many),
    )
    assert (done["changed"], done["refused"]) == (1, 4)
    assert [(one["pointer"], one["code"]) for one in done["problems"]] == [
        ("/lines/1/sku", "unknown-sku"),
        ("/lines/2/bins/0", "bad-bin"),
        ("/lines/3/location", "location-unknown"),
        ("/lines/4/bins", "too-many-bins"),
    ]


async def test_an_associate_tells_of_the_own_shelves_only(client_of, shop):
    own = client_of("inventory:place", "inventory:read", location_id=shop.locations["DC"])
    await told(own, line("MUG", "A1"))
    lines = [line("MUG", "A2"), line("MUG", "A1", location="LEEDS")]
    answer = await send(own, "inventory/bins", {"lines": lines})
    assert (answer.status_code, answer.json()["code"]) == (403, "foreign-location")
    assert await walked(own) == [("MUG", "A1", 0)]


@pytest.mark.parametrize(
    "defect",
    [
        "update inventory_bin set walk = 'A' where code = 'A10-1'",
        "update inventory_bin set place = 7 where code = 'K1'",
        "update inventory_bin set variant_id = gen_random_uuid() where code = 'K1'",
    ],
)
async def test_a_defect_is_named(database, shop, defect: str):
    async with database.transaction(shop.tenant) as tx:
        await put_bins(tx, PutBins((BinsLine("MUG", "DC", ["A10-1", "K1"]),)))
    async with database.transaction(shop.tenant) as tx:
        assert await verify(tx, RULES) == []
        await tx.execute(defect)
        assert {found.rule for found in await verify(tx, RULES)} == {"inventory.bins"}
        await tx.execute("delete from inventory_bin")
