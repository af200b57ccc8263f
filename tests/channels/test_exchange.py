"""Files are exchanged with a channel by its folder: all are taken once, and all are written."""

import csv
import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from python_calamine import CalamineWorkbook

from crosslane.channels import FAMILIES, MAP, Column, Context, PutMapping, TableMapping
from crosslane.channels.domain.exchange import Files, TableFiles, ToldTable
from crosslane.channels.errors import (
    FileNameUnusable,
    MappingUnusable,
    NoExchange,
    NoSuchMapping,
    TellsNoTables,
)
from crosslane.channels.service import exchanging, pieces
from crosslane.channels.service.folder import Folder, use_root
from crosslane.channels.service.outgoing import FolderView, list_standings
from crosslane.channels.storage.known import read_documents
from crosslane.platform.database import Database
from crosslane.verify import verify
from crosslane.verify.channels import RULES
from tests.channels.bazaar import order
from tests.channels.talking import Talking, allowed, open_talking
from tests.orders.world import set_policy

network = pytest.fixture(allowed)
DOCUMENTS = """
insert into channels_document (channel, number, name, media_type, body, created_at)
select 'bazaar', no, no || '.txt', 'text/plain', convert_to(repeat('x', size), 'UTF8'), now()
from unnest($1::integer[]) with ordinality as w(size, no)
"""
LOOKS_MAX = 8


class Exchanging(Talking):
    """A channel that has a folder."""

    root: Path

    def at(self, *parts: str) -> Path:
        return self.root.joinpath(self.tenant, "bazaar", *parts)

    def put(self, name: str, *messages: dict) -> Path:
        """Lay a file of messages into the folder."""
        path = self.at("in", name)
        path.write_bytes(b"".join(msgspec.json.encode(one) + b"\n" for one in messages))
        return path

    def names(self, part: str) -> list[str]:
        return sorted(one.name for one in self.at(part).iterdir())

    async def look(self) -> None:
        """Let turns come until the folder is to be left alone for a while."""
        await self.hurry()
        await self.settle()

    async def wait_for(self, name: str, files: int) -> list[str]:
        """Look until so many files are out whose names begin so."""
        for _ in range(LOOKS_MAX):
            if len(found := [one for one in self.names("out") if one.startswith(name)]) >= files:
                return found
            await self.look()
        raise AssertionError(f"{name} is not among {self.names('out')}")

    async def folder(self) -> FolderView:
        async with self.database.transaction(self.tenant, read_only=True) as tx:
            (one,) = await list_standings(tx)
        assert one.folder is not None
        return one.folder


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(exchanging, "SETTLED_SECONDS", 0.0)
    use_root(tmp_path)
    yield tmp_path
    use_root(None)


@pytest.fixture
async def talking(network, root: Path, database: Database, tenant: str) -> Exchanging:
    await open_talking(database, tenant)
    opened = Exchanging(database, tenant)
    opened.root = root
    await opened.connect(delivery="folder")
    await opened.settle()
    return opened


async def test_files_are_taken_once_and_put_away(talking: Exchanging):
    assert talking.names("in") == []
    talking.put("b.jsonl", order("B-1"), order("B-2"))
    talking.put("a.jsonl", order("B-3"))
    talking.put("c.jsonl.part", order("B-4"))
    await talking.look()
    assert talking.names("in") == ["c.jsonl.part"]
    batches = {one.batch_id for one in await talking.messages()}
    assert sorted(name.split(".")[1] for name in talking.names("done")) == sorted(
        str(one) for one in batches
    )
    assert {one.source_id for one in await talking.messages()} == {"B-1", "B-2", "B-3"}
    assert await talking.order("B-2") is not None

    # The same again, under another name, is known by its content.
    talking.put("again.jsonl", order("B-3"))
    await talking.look()
    assert (talking.names("in"), len(talking.names("done"))) == (["c.jsonl.part"], 3)
    assert len(await talking.messages()) == 3
    await talking.assert_sound()


async def test_what_nobody_can_read_lies_beside_its_reason(talking: Exchanging):
    talking.at("in", "bad.jsonl").write_bytes(b'{"type": "order", "lines": 5}\nno json\n')
    talking.put("good.jsonl", order("B-1"))
    await talking.look()
    bad, reason = talking.names("failed")
    told = msgspec.json.decode(talking.at("failed", reason).read_bytes())
    assert (reason, told["file"], told["taken"]) == (bad + ".reason.json", "bad.jsonl", 0)
    assert [place for place, _ in told["faults"]] == [1, 2]
    assert told["faults"][0][1]["pointer"]
    assert await talking.order("B-1") is not None
    shown = await talking.folder()
    assert (shown.failed_files, shown.failed_name, shown.code) == (1, "bad.jsonl", "")

    # Put back it is tried again; part of a file that can be read is taken.
    os.rename(talking.at("failed", bad), talking.at("in", "bad.jsonl"))
    talking.at("in", "half.jsonl").write_bytes(b"no json\n" + msgspec.json.encode(order("B-2")))
    await talking.look()
    assert len(talking.names("failed")) == 2
    assert await talking.states() == ["applied", "quarantined", "applied"]
    await talking.assert_sound()


async def test_tables_mean_what_the_first_pattern_says(talking: Exchanging):
    files = Files(tables=(TableFiles("stock-*.csv", "stock"),))
    await talking.connect(format="csv", delivery="folder", files=files)
    header = "order,date,name,email,address_1,city,postcode,country,sku,quantity,unit_price\n"
    talking.at("in", "stock-1.csv").write_text(header, encoding="utf-8")
    await talking.look()
    (_, reason) = talking.names("failed")
    told = msgspec.json.decode(talking.at("failed", reason).read_bytes())
    assert told["code"] == "no-such-mapping"


async def test_a_large_file_is_taken_in_pieces(
    talking: Exchanging, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(pieces, "PIECE_BYTES_MAX", 500)
    said = [order(f"B-{number}") for number in range(7)]
    talking.put("lines.jsonl", *said)
    talking.put("read-as-records.txt", *said)
    await talking.look()
    for state in ("applied", "repeated"):
        told = await talking.messages(state=state)
        assert sorted(one.source_id for one in told) == [f"B-{number}" for number in range(7)]
        assert len({one.batch_id for one in told}) > 2
    assert (talking.names("in"), len(talking.names("done"))) == ([], 2)
    await talking.assert_sound()


async def test_links_and_pipes_are_left_where_they_are(talking: Exchanging, tmp_path: Path):
    secret = tmp_path / "secret.jsonl"
    secret.write_bytes(msgspec.json.encode(order("B-1")))
    talking.at("in", "link.jsonl").symlink_to(secret)
    os.link(secret, talking.at("in", "hard.jsonl"))
    os.mkfifo(talking.at("in", "pipe.jsonl"))
    talking.at("in", "folder.jsonl").mkdir()
    await talking.look()
    assert len(talking.names("in")) == 4
    assert await talking.messages() == []

    for one in talking.at("in").iterdir():
        one.rmdir() if one.name == "folder.jsonl" else one.unlink()
    talking.at("in").rmdir()
    talking.at("in").symlink_to(tmp_path)
    await talking.look()
    assert (await talking.folder()).code == "folder-unusable"


async def test_what_is_told_is_written_and_other_ways_are_not_repeated(talking: Exchanging):
    await talking.connect(delivery="pull")
    await talking.sell(order("B-1"))
    await talking.connect(delivery="folder", files=Files(name="{channel}_{number}.jsonl"))
    await talking.sell(order("B-2"))
    await talking.look()
    (name,) = talking.names("out")
    assert name.startswith("bazaar_")
    line = msgspec.json.decode(talking.at("out", name).read_bytes())
    assert (line["type"], line["order"]) == ("order_reply", "B-2")
    # Fetched by the other side, it is not written again.
    talking.at("out", name).unlink()
    await talking.look()
    assert talking.names("out") == []


async def test_much_is_written_part_by_part(talking: Exchanging, monkeypatch: pytest.MonkeyPatch):
    """So much is in memory at once as one document may have; one that is longer comes alone."""
    monkeypatch.setattr(exchanging, "DOCUMENT_BYTES_A_TURN_MAX", 10)
    sizes = [4, 6, 1, 30, 2, 9]
    async with talking.database.transaction(talking.tenant) as tx:
        await tx.execute(DOCUMENTS, sizes)
        taken, after = [], 0
        while after < len(sizes):
            found, more = await read_documents(tx, "bazaar", after, 2, 10)
            taken.append([len(one.body) for one in found])
            after = found[-1].number
            assert more == (after < len(sizes))
    assert taken == [[4, 6], [1], [30], [2], [9]]
    await talking.look()
    assert talking.names("out") == [f"{n}.txt" for n in range(1, 7)]


async def test_a_folder_that_cannot_be_used_loses_nothing(
    talking: Exchanging, monkeypatch: pytest.MonkeyPatch
):
    def full(self: Folder, *_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(Folder, "write", full)
        await talking.sell(order("B-1"))
        await talking.look()
        shown = await talking.folder()
        assert (shown.code, shown.failures > 0) == ("folder-unusable", True)
        assert "No space left" in shown.detail
    await talking.look()
    assert len(talking.names("out")) == 1
    assert (await talking.folder()).code == ""


async def test_a_folder_is_only_where_the_operator_allows_it(talking: Exchanging):
    with pytest.raises(FileNameUnusable):
        await talking.connect(delivery="folder", files=Files(name="same"))
    use_root(None)
    with pytest.raises(NoExchange):
        await talking.connect(delivery="folder")
    await talking.look()
    assert (await talking.folder()).code == "no-exchange"


async def test_a_planted_defect_is_named(talking: Exchanging):
    talking.put("a.jsonl", order("B-1"))
    await talking.look()
    async with talking.database.transaction(talking.tenant) as tx:
        await tx.execute("update channels_batch set delivery = 'lost' where delivery <> ''")
        found = await verify(tx, RULES)
    assert [one.rule for one in found] == ["channels.file_was_taken"]


async def test_orders_come_as_tables_and_what_becomes_of_them_goes_out_as_tables(
    talking: Exchanging,
):
    shipments = TableMapping(
        brings="fulfillment",
        columns={
            "Nummer": "source_id",
            "Bestellung": "order",
            "Art": Column(field="step", values={"versandt": "shipped"}),
            "Datum": "event_at",
            "Paketnummer": "tracking/0",
            "Artikel": "lines/sku",
            "Stück": "lines/quantity",
        },
        delimiter=";",
        encoding="cp1252",
        dates=("%d.%m.%Y %H:%M",),
        timezone="Europe/Berlin",
    )
    await talking.lanes.run(
        talking.tenant, MAP, "m", PutMapping(channel="bazaar", name="versand", mapping=shipments)
    )
    told = {
        "order_reply": ToldTable(),
        "fulfillment": ToldTable(mapping="versand", name="versand"),
        "invoice": ToldTable(),
        "supply_snapshot": ToldTable(written="xlsx", name="stock"),
    }
    async with talking.database.transaction(talking.tenant) as tx:
        await set_policy(tx, "channels.offering", {"sold": "all"}, "bazaar")
        await set_policy(tx, "documents.issue", {"issue": "always"}, "bazaar")
    await talking.connect(format="csv", delivery="folder", files=Files(told=told))
    await talking.settle()
    (stock,) = await talking.wait_for("stock-", 1)
    heading, *rows = cells(talking.at("out", stock).read_bytes())
    units = {
        one["sku"]: one["available"] for one in (dict(zip(heading, r, strict=True)) for r in rows)
    }
    assert units["MUG"] > 2

    head = "order_number,ordered_at,sku,quantity,unit_price,shipping,name,address1,city"
    head += ",postcode,country"
    row = "A-1,2011-01-05T10:00:00Z,MUG,2,2.55,3.00,Ada Brown,12 High Street,Oxford,OX1 4AA,GB"
    talking.at("in", "orders.csv").write_text(f"{head}\n{row}\n", encoding="utf-8")
    await talking.look()
    await talking.send_off(2, "A-1")
    (reply,) = await talking.wait_for("order-reply-", 1)
    (parcel,) = await talking.wait_for("versand-", 1)
    said = list(csv.DictReader(talking.at("out", reply).open(encoding="utf-8", newline="")))
    assert [(one["order_number"], one["outcome"], one["quantity"]) for one in said] == [
        ("A-1", "accepted", "2")
    ]
    raw = talking.at("out", parcel).read_bytes()
    (sent,) = csv.DictReader(io.StringIO(raw.decode("cp1252"), newline=""), delimiter=";")
    assert (sent["Bestellung"], sent["Art"], sent["Artikel"], sent["Stück"]) == (
        *("A-1", "versandt", "MUG"),
        "2",
    )
    assert sent["Paketnummer"]
    (bill,) = await talking.wait_for("invoice-", 1)
    said = list(csv.DictReader(talking.at("out", bill).open(encoding="utf-8", newline="")))
    billed = [(one["part"], one["sku"] or one["charge"], one["gross"]) for one in said]
    assert billed == [("goods", "MUG", "5.10"), ("charge", "shipping", "3.00")]
    assert {(one["order_number"], one["currency"], one["total_gross"]) for one in said} == {
        ("A-1", "GBP", "8.10")
    }
    # Stock that is gone is told; no file is half written, and no name comes twice.
    (_, later) = await talking.wait_for("stock-", 2)
    heading, *rows = cells(talking.at("out", later).read_bytes())
    left = {
        one["sku"]: one["available"] for one in (dict(zip(heading, r, strict=True)) for r in rows)
    }
    assert left["MUG"] == units["MUG"] - 2

    # What we wrote, somebody who has the mapping reads.
    context = Context(currency="GBP", mapping=shipments)
    (reading,) = FAMILIES["csv"].read(io.BytesIO(raw), context)
    (message,) = reading.messages
    assert (message.order, message.lines[0].quantity) == ("A-1", 2)
    await talking.assert_sound()


def cells(workbook: bytes) -> list[list[Any]]:
    return CalamineWorkbook.from_filelike(io.BytesIO(workbook)).get_sheet_by_index(0).to_python()


async def test_a_channel_is_told_nothing_by_tables_that_cannot_be_used(talking: Exchanging):
    for format, how, refusal in (
        ("orders-jsonl", ToldTable(), TellsNoTables),
        ("csv", ToldTable(mapping="gone"), NoSuchMapping),
    ):
        with pytest.raises(refusal) as refused:
            await talking.connect(
                format=format, delivery="folder", files=Files(told={"money": how})
            )
        assert refused.value.pointer.startswith("/files/told")
    prices = PutMapping(
        channel="bazaar", name="prices", mapping=TableMapping(brings="price", columns={"a": "sku"})
    )
    await talking.lanes.run(talking.tenant, MAP, "m", prices)
    with pytest.raises(MappingUnusable, match="of price"):
        await talking.connect(
            format="csv",
            delivery="folder",
            files=Files(told={"money": ToldTable(mapping="prices")}),
        )
