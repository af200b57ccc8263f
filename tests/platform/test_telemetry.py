import asyncio
import io
import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from crosslane.platform import telemetry
from crosslane.platform.telemetry import Log, current_trace, new_trace, start_logging, traced


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    before = root.handlers[:], root.level
    stream = io.StringIO()
    start_logging("info", stream)
    yield stream
    root.handlers[:], root.level = before


def read(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_line_carries_trace_tenant_and_fields(lines: io.StringIO) -> None:
    trace = new_trace()
    with traced(trace, "demo"):
        assert current_trace() == trace
        Log("crosslane.orders").info("placed", order=UUID(int=7), lines=3)
    assert current_trace() == ""
    Log("crosslane.orders").debug("unheard")
    (line,) = read(lines)
    assert line["trace"] == trace
    assert line["tenant"] == "demo"
    assert (line["message"], line["level"], line["name"]) == ("placed", "info", "crosslane.orders")
    assert (line["order"], line["lines"]) == (str(UUID(int=7)), 3)
    assert line["time"].endswith("+00:00")


def test_a_line_tells_when_it_was_written() -> None:
    record = logging.LogRecord("crosslane", logging.INFO, "", 0, "seen", (), None)
    for seconds, told in [
        (1_764_525_599.75, "2025-11-30T17:59:59.750+00:00"),
        (1_764_525_600.0, "2025-11-30T18:00:00.000+00:00"),
        (1_764_525_600.0625, "2025-11-30T18:00:00.062+00:00"),
    ]:
        record.created = seconds
        assert json.loads(telemetry.JsonFormatter().format(record))["time"] == told


def test_fields_cannot_forge_what_the_line_says_of_itself(lines: io.StringIO) -> None:
    Log("crosslane").warning("first\nsecond", level="debug", time="never")
    (line,) = read(lines)
    assert line["level"] == "warning"
    assert line["time"] != "never"


async def test_tasks_keep_their_own_trace(lines: io.StringIO) -> None:
    async def work(trace: str) -> None:
        with traced(trace):
            await asyncio.sleep(0)
            Log("crosslane").info(trace)

    await asyncio.gather(*(work(f"t{n}") for n in range(20)))
    assert all(line["trace"] == line["message"] for line in read(lines))


async def test_error_tells_type_and_place_but_no_values(
    lines: io.StringIO, postgres_url: str
) -> None:
    conn = await asyncpg.connect(postgres_url)
    try:
        await conn.execute("create temporary table mail (address text unique, number int)")
        await conn.execute("insert into mail values ('ann@example.org')")
        for sql in (
            "insert into mail values ('ann@example.org')",
            "insert into mail (number) values ('Ann Example')",
        ):
            try:
                await conn.execute(sql)
            except asyncpg.PostgresError as error:
                Log("crosslane").error("not stored", error)
    finally:
        await conn.close()
    logging.getLogger("library").error("sent to ann@example.org")
    unique, syntax, library = read(lines)
    assert unique["error"]["type"] == "UniqueViolationError"
    assert "mail_address_key" in unique["error"]["text"]
    assert "test_telemetry.py" in " ".join(unique["error"]["stack"])
    assert syntax["error"]["sqlstate"] == "22P02"
    assert library["level"] == "error"
    assert "ann" not in lines.getvalue().lower()


def test_measures_of_processes_that_share_a_folder_are_added_up(tmp_path: Path) -> None:
    script = """
import sys
from crosslane.platform.telemetry import Counter, render_metrics
Counter("crosslane_tried", "Tries.").inc(int(sys.argv[1]))
print(render_metrics().decode())
"""
    environment = {
        "PYTHONPATH": str(Path(telemetry.__file__).parents[2]),
        telemetry.SHARED_FOLDER_VARIABLE: str(tmp_path),
    }
    shown = [
        subprocess.run(
            [sys.executable, "-c", script, str(n)],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for n in (3, 4)
    ]
    assert "crosslane_tried_total 7.0" in shown[1]
