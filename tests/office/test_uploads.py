"""Files of channels: what they would do is seen before anything is done."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from crosslane.channels import use_exchange
from tests.api import Api
from tests.office.pages import Read, look

PAGE = "/office/messages/upload"
LAY_PAGE = f"{PAGE}/folder"
HEAD = "order_number,ordered_at,sku,quantity,unit_price,name,address1,city,postcode,country"
ROW = "2030-01-04T12:00:00Z,SKU,1,2.55,Ada Brown,12 High Street,Oxford,OX1 4AA,GB"
# The second order's rows stand apart, and the last of them is wrong.
TABLE = f"{HEAD}\nU-1,{ROW}\nU-2,{ROW}\n\nU-2,{ROW.replace(',1,', ',many,')}\n"


async def send(api: Api, fields: dict[str, Any], content: bytes | None = None) -> httpx.Response:
    plain = {name: value for name, value in fields.items() if name != "file"}
    name = "orders.csv" if content is not None else ""
    files = {"file": (name, content or b"")}
    headers = {"Accept": "text/html", "Idempotency-Key": fields["_wish"]}
    return await api.admin.post(PAGE, data=plain, files=files, headers=headers)


async def batches(api: Api) -> list[dict[str, Any]]:
    return (await api.admin.get("/api/v1/channel-batches?channel=web")).json()["items"]


async def test_a_file_is_looked_at_and_then_taken_in(retailer: Api):
    before = len(await batches(retailer))
    form = (await look(retailer.admin, f"{PAGE}?channel=web&format=csv")).forms[PAGE]
    answer = await send(retailer, form, TABLE.encode())
    assert answer.status_code == 200, Read(answer.text).text
    shown = Read(answer.text)
    assert "U-1" in shown.text
    # It points to the row and the column of the file.
    assert "5 quantity 'many' is no number with a decimal point" in shown.text
    assert len(await batches(retailer)) == before

    taken = await send(retailer, shown.forms[PAGE])
    assert taken.status_code == 303, taken.text[:600]
    (batch, *_) = await batches(retailer)
    assert taken.headers["location"].endswith(batch["id"])
    assert (batch["file_name"], batch["records"]) == ("orders.csv", 2)
    assert len(await batches(retailer)) == before + 1
    # The same wish sent twice is done once; the same file says that it is known.
    again = await send(retailer, shown.forms[PAGE])
    assert again.headers["location"] == taken.headers["location"]
    known = Read((await send(retailer, form, TABLE.encode())).text)
    assert "This file is known" in known.text


@pytest.fixture
def exchange(tmp_path: Path) -> Iterator[Path]:
    use_exchange(tmp_path)
    yield tmp_path
    use_exchange(None)


async def test_a_large_file_is_laid_into_the_folder_of_its_channel(retailer: Api, exchange: Path):
    assert LAY_PAGE not in (await look(retailer.admin, PAGE)).forms
    wish = {"channel": "web", "format": "csv", "delivery": "folder"}
    connected = await retailer.admin.post("/api/v1/channel-connections", json=wish)
    assert connected.status_code == 201, connected.text
    form = (await look(retailer.admin, f"{PAGE}?channel=web")).forms[LAY_PAGE]

    async def lay(content: bytes) -> httpx.Response:
        plain = {"_wish": form["_wish"], "channel": "web"}
        files = {"file": ("Tage im März.csv", content)}
        headers = {"Accept": "text/html"}
        return await retailer.admin.post(LAY_PAGE, data=plain, files=files, headers=headers)

    laid = await lay(TABLE.encode())
    assert laid.status_code == 303, laid.text[:600]
    (waits,) = exchange.joinpath(retailer.tenant, "web", "in").iterdir()
    assert (waits.name, waits.read_bytes()) == ("Tage_im_M_rz.csv", TABLE.encode())
    assert (await lay(TABLE.encode())).status_code == 303
    other = await lay(b"another")
    assert (other.status_code, "waits in the folder" in other.text) == (422, True)
    assert [one.read_bytes() for one in waits.parent.iterdir()] == [TABLE.encode()]


async def test_what_is_no_such_file_is_refused_with_the_form_as_it_was(retailer: Api):
    form = (await look(retailer.admin, f"{PAGE}?channel=web&format=csv")).forms[PAGE]
    nothing = await send(retailer, form)
    assert (nothing.status_code, "Choose a file" in nothing.text) == (422, True)
    other = await send(retailer, form, b"sku,colour\nMUG,red\n")
    assert (other.status_code, "must name the column" in other.text) == (422, True)
    large = await send(retailer, form, b"x" * ((8 << 20) + 1))
    assert (large.status_code, "more than 8 MiB" in large.text) == (422, True)
    assert Read(large.text).forms[PAGE]["channel"] == "web"
