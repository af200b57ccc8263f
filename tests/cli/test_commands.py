"""The command line as a person uses it: real processes on a real database."""

import json
import os
import secrets
import subprocess
from collections.abc import Callable
from pathlib import Path

import asyncpg
import pytest
from tests.channels import edifact
from tests.forking import run

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def crosslane(postgres_url: str, tmp_path: Path) -> Run:
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(Path(__file__).parents[2] / "src"),
        "CROSSLANE_HOME": str(tmp_path),
        "DATABASE_URL": postgres_url,
        "COLUMNS": "200",
    }

    def call(*words: str, typed: str = "", **variables: str) -> subprocess.CompletedProcess[str]:
        return run("tests.command", *words, environment={**environment, **variables}, typed=typed)

    return call


@pytest.fixture
def name() -> str:
    return f"shop{secrets.token_hex(4)}"


def test_tenant_is_made_listed_verified_and_dropped(crosslane: Run, name: str) -> None:
    made = crosslane("tenant", "create", name, "--host-name", f"{name}.example")
    assert made.returncode == 0, made.stderr
    listed = json.loads(crosslane("tenant", "list", "--json").stdout)
    (mine,) = [tenant for tenant in listed if tenant["name"] == name]
    assert mine["host_names"] == [f"{name}.example"]
    first, second = made.stdout, crosslane("tenant", "key", name).stdout
    keys = {shown.split()[-1] for shown in (first, second)}
    assert len(keys) == 2
    assert all(key.startswith(f"clk_{mine['key_prefix']}_") for key in keys)
    assert name in crosslane("tenant", "list").stdout

    verified = crosslane("verify", "--tenant", name, "--json")
    assert verified.returncode == 0, verified.stderr
    assert json.loads(verified.stdout) == [{"tenant": name, "findings": []}]

    assert crosslane("tenant", "drop", name, typed="no\n").returncode == 1
    assert name in crosslane("tenant", "list").stdout
    assert crosslane("tenant", "drop", name, typed=f"{name}\n").returncode == 0
    assert name not in crosslane("tenant", "list").stdout


def test_a_restored_backup_begins_an_epoch(crosslane: Run, name: str) -> None:
    assert crosslane("tenant", "create", name).returncode == 0
    told = crosslane("restored", "--tenant", name, "--json")
    assert json.loads(told.stdout) == [{"tenant": name, "epoch": 2}]
    assert f"{name}: epoch 3 of its log" in crosslane("restored", "--tenant", name).stdout
    refused = crosslane("restored", "--tenant", "nobody")
    assert (refused.returncode, "nobody" in refused.stderr) == (1, True)


def test_script_gets_tenant_and_key_as_json(crosslane: Run, name: str) -> None:
    made = json.loads(crosslane("tenant", "create", name, "--json").stdout)
    assert made["tenant"]["name"] == name
    assert made["api_key"].startswith("clk_" + made["tenant"]["key_prefix"])
    crosslane("tenant", "drop", name, "--yes")


def test_refusals_are_one_line_and_status_1(crosslane: Run, name: str) -> None:
    for words, told in (
        (("tenant", "create", "No Name"), "begins with a letter"),
        (("tenant", "drop", name, "--yes"), f"no tenant {name}"),
        (("tenant", "key", name), f"no tenant {name}"),
        (("verify", "--tenant", name), f"no tenant {name}"),
    ):
        done = crosslane(*words)
        assert done.returncode == 1
        assert told in done.stderr
        assert "Traceback" not in done.stderr
        assert len(done.stderr.splitlines()) == 1
    wrong = crosslane("migrate", CROSSLANE_PORT="many")
    assert "CROSSLANE_PORT must be" in wrong.stderr


def test_database_that_refuses_us_is_told_without_the_password(crosslane: Run) -> None:
    url = "postgresql://nobody:pa55word@localhost/nothing?host=%2Fnonexistent"
    done = crosslane("tenant", "list", DATABASE_URL=url)
    assert done.returncode == 1
    assert "DATABASE_URL" in done.stderr
    assert "pa55word" not in done.stderr


async def test_migrate_tells_before_it_does(crosslane: Run, name: str, postgres_url: str) -> None:
    assert crosslane("tenant", "create", name).returncode == 0
    assert "0 to apply" in crosslane("migrate", "--dry-run").stdout
    conn = await asyncpg.connect(postgres_url, server_settings={"search_path": f"t_{name}"})
    try:
        last = await conn.fetchval("select max(number) from platform_migration")
        await conn.execute(
            "update platform_migration set checksum = 'other' where number = $1", last
        )
        for words in (("migrate",), ("migrate", "--dry-run")):
            changed = crosslane(*words)
            assert changed.returncode == 1
            assert f"{last:04}_" in changed.stderr
            assert "was changed after" in changed.stderr
    finally:
        await conn.close()
        crosslane("tenant", "drop", name, "--yes")


def test_a_customer_is_exported_and_forgotten(crosslane: Run, name: str) -> None:
    assert crosslane("tenant", "create", name).returncode == 0
    nobody = "0190a0b0-0000-7000-8000-000000000001"
    for words in (["export", nobody], ["erase", nobody, "--reason", "asked"]):
        refused = crosslane("customers", *words, "--tenant", name)
        assert refused.returncode == 1
        assert "There is no such customer" in refused.stderr
    lost = crosslane("customers", "export", nobody, "--tenant", f"{name}x")
    assert (lost.returncode, "no tenant" in lost.stderr) == (1, True)


def test_a_channel_s_file_is_read_and_nothing_applied(crosslane: Run, tmp_path: Path) -> None:
    good = '{"type": "cancellation", "source_id": "A-1", "event_at": "2011-01-05T10:00:00Z"}'
    file = tmp_path / "orders.jsonl"
    file.write_text(good + "\n")
    read = crosslane("channel", "parse", "--adapter", "orders-jsonl", str(file), "--json")
    assert read.returncode == 0, read.stderr
    told = json.loads(read.stdout)
    assert (told["place"], told["messages"][0]["source_id"], told["fault"]) == (1, "A-1", None)
    file.write_text(good + '\n{"type": "order"}\n')
    read = crosslane("channel", "parse", "--adapter", "orders-jsonl", str(file))
    assert read.returncode == 2
    assert "1 records can be read, 1 cannot." in read.stdout
    file.write_text("STX=ANA:1+A+B+260105+7+++'MHD=1+NEWS:1'MTR=9'END=1'")
    read = crosslane("channel", "parse", "--adapter", "tradacoms", str(file))
    assert (read.returncode, "MTR says 9" in read.stdout) == (2, True)
    left = ("--setting", "counts=ignored")
    read = crosslane("channel", "parse", "--adapter", "tradacoms", str(file), *left)
    assert read.returncode == 0, read.stdout
    refused = crosslane("channel", "parse", "--adapter", "nonsense", str(file))
    assert (refused.returncode, "no format nonsense" in refused.stderr) == (2, True)


def test_what_a_channel_orders_in_is_told_beside_the_file(crosslane: Run, tmp_path: Path) -> None:
    file = tmp_path / "order.edi"
    file.write_text(edifact.wrapped(edifact.ORDER).replace("21:12:PCE", "21:2:CT"))
    how = ("channel", "parse", "--adapter", "edifact", str(file), "--json")
    read = crosslane(*how, "--packs", "CT=6,CT@MUG=12")
    assert read.returncode == 0, read.stdout
    (order,) = json.loads(read.stdout)["messages"]
    assert order["lines"][0]["quantity"] == 24
    for packs in ("CT", "CT=0", "=6", "CT=six"):
        refused = crosslane(*how, "--packs", packs)
        assert (refused.returncode, f"{packs} is none" in refused.stderr) == (2, True)


def test_a_retailer_without_decisions_is_simulated(crosslane: Run, name: str) -> None:
    assert crosslane("tenant", "create", name).returncode == 0
    same = crosslane("simulate", "--tenant", name, "--set", "late_milli=0", "--json", "-")
    assert same.returncode == 0, same.stderr
    told = json.loads(same.stdout)
    assert (told["decisions"], told["differences"]) == (0, [])
    assert told["trial"]["settings"] == {"late_milli": 0}
    assert "Nothing differs" in crosslane("simulate", "--tenant", name).stdout
    tried = crosslane("simulate", "--tenant", name, "--dangerous-goods", "no", "--json", "-")
    assert json.loads(tried.stdout)["trial"]["hazardous"] == {"": False}
    for words in (
        ["--set", "late_mili=0"],
        ["--close", "MOON"],
        ["--capacity", "DC1"],
        ["--dangerous-goods", "MOON=no"],
        ["--dangerous-goods", "perhaps"],
    ):
        refused = crosslane("simulate", "--tenant", name, *words)
        assert refused.returncode == 1
        assert refused.stderr.startswith("crosslane: ")
    assert crosslane("simulate").returncode == 1
    assert crosslane("tenant", "drop", name, "--yes").returncode == 0


def test_prices_cannot_be_estimated_without_orders(crosslane: Run, name: str) -> None:
    assert crosslane("tenant", "create", name).returncode == 0
    refused = crosslane("sourcing", "prices", "--tenant", name)
    assert (refused.returncode, "too few orders" in refused.stderr) == (1, True)
    unknown = crosslane("sourcing", "prices", "--tenant", "nobody")
    assert (unknown.returncode, "nobody" in unknown.stderr) == (1, True)
    assert crosslane("tenant", "drop", name, "--yes").returncode == 0
