"""Pictures and bins in the office: added by a file, said in words, taken in as a table."""

import re

import pytest

from crosslane.platform.database import Database
from tests.api import Api
from tests.apps.forms import read, send_files, submit, told
from tests.orders.world import found_retailer
from tests.pictures import painted


@pytest.fixture
async def office(database: Database, api: Api):
    await found_retailer(database, api.tenant)
    return await api.staff("manager")


@pytest.fixture
async def page(database: Database, api: Api, office) -> str:
    async with database.transaction(api.tenant) as tx:
        mug = await tx.fetchval("select id from catalog_variant where sku = 'MUG'")
    return f"/office/catalog/{mug}/pictures"


def pictures(text: str) -> list[str]:
    return re.findall(r'src="(/pictures/[^"]+)"', text)


async def test_a_picture_is_added_by_a_file_and_shown_wherever_the_article_is(office, page):
    assert "It has no picture" in await read(office, page)
    picture = {"picture": ("C:\\mug.png", painted(300, 200))}
    sent = await send_files(office, page, picture, _wish="w1", alt="A red mug")
    assert (sent.status_code, sent.headers["location"]) == (303, page)
    # The same wish in other parts is the same wish; under it nothing else is done.
    assert (await send_files(office, page, picture, _wish="w1", alt="A red mug")).status_code == 303
    other = {"picture": ("mug.png", painted(color="blue"))}
    assert (await send_files(office, page, other, _wish="w1")).status_code == 422
    shown = (await office.get(page)).text
    [thumb] = pictures(shown)
    assert 'value="A red mug"' in shown
    for list_of_it in ("/office/catalog?q=MUG", "/office/stock?q=MUG"):
        assert thumb in (await office.get(list_of_it)).text
    article = (await office.get(page.removesuffix("/pictures"))).text
    assert 'alt="A red mug"' in article
    file = await office.get(thumb)
    assert file.headers["content-type"] == "image/webp"


async def test_pictures_are_put_first_said_in_words_and_removed(office, page):
    for color in ("red", "blue"):
        sent = await send_files(office, page, {"picture": ("a.png", painted(color=color))})
        assert sent.status_code == 303
    shown = (await office.get(page)).text
    first, second = pictures(shown)
    _, of_second = re.findall(rf'action="({page}/[^"/]+)"', shown)
    saved = await submit(office, of_second, **{"alt.en": "Blue", "first": "yes"})
    assert saved.status_code == 303
    assert pictures((await office.get(page)).text) == [second, first]
    assert (await submit(office, f"{of_second}/removal")).status_code == 303
    assert pictures((await office.get(page)).text) == [first]


@pytest.mark.parametrize(
    ("files", "fields", "why"),
    [
        ({"picture": ("a.svg", b"<svg/>")}, {}, "no picture that can be shown"),
        ({"picture": ("", b"")}, {}, "either its content or an address"),
        ({}, {"address": "ftp://a.example/x"}, "an http or https address"),
    ],
)
async def test_what_cannot_be_shown_is_refused_on_the_page(office, page, files, fields, why):
    refused = await send_files(office, page, files or {"other": ("x", b"x")}, **fields)
    assert refused.status_code == 422
    assert why in told(refused)


async def test_others_than_those_of_the_catalog_add_none(api, office, page):
    agent = await api.staff("agent")
    sent = await send_files(agent, page, {"picture": ("a.png", painted())})
    assert sent.status_code == 403
    away = await office.post(page, content=b"x", headers={"Content-Type": "multipart/form-data"})
    assert away.status_code == 400


async def test_bins_are_taken_in_as_a_table_and_given_out_again(office):
    path = "/office/locations/S0001/bins"
    assert "Nobody has told where goods lie here" in await read(office, path)
    table = "\ufeffSKU;Bin\nMUG;a10-1\nmug;K1\nLAMP;A9-2\nNIX;A1\n".encode()
    taken = await send_files(office, path, {"table": ("bins.csv", table)})
    assert taken.status_code == 200
    assert "2 articles lie elsewhere now, 0 lay there already, 1 rows were not taken" in told(taken)
    assert "NIX" in told(taken)
    listed = await read(office, path)
    assert listed.index("A9-2") < listed.index("A10-1") < listed.index("K1")
    given = await office.get(f"{path}.csv")
    assert given.text.splitlines() == ["sku,bin", "LAMP,A9-2", "MUG,A10-1", "MUG,K1"]
    again = await send_files(office, path, {"table": ("bins.csv", given.content)})
    assert "0 articles lie elsewhere now, 2 lay there already" in told(again)


@pytest.mark.parametrize("table", [b"", b"a,b\n1,2\n", b"sku,bin\n", b"\xff\xfe\x00"])
async def test_what_is_no_table_is_refused_on_the_page(office, table):
    path = "/office/locations/S0001/bins"
    refused = await send_files(office, path, {"table": ("bins.csv", table)})
    assert refused.status_code == 422
