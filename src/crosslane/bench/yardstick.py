"""pgbench beside us: what PostgreSQL itself does with one transaction per order, or one read.

It comes with the same wheel, runs on the same cluster with the same settings, and its scripts lie
in ``pgbench/``. Statements are prepared, which suits it best.
"""

import asyncio
import re
from importlib.resources import as_file, files

from crosslane.bench.site import Site
from crosslane.platform.database import Database

THREADS = 2
TRANSACTIONS_PER_SECOND = re.compile(r"^tps = ([\d.]+)", re.MULTILINE)
DURABLE = ("fsync", "synchronous_commit", "full_page_writes")
SCRIPTS = files("crosslane.bench").joinpath("pgbench")


async def make_tables(database: Database) -> None:
    """Make the baseline's tables, empty."""
    async with database.connection() as connection:
        await connection.execute(SCRIPTS.joinpath("tables.sql").read_text())


async def require_durable(database: Database) -> None:
    """Raise RuntimeError unless a COMMIT is on disk when it is answered."""
    async with database.connection() as connection:
        for name in DURABLE:
            value = await connection.fetchval("select current_setting($1)", name)
            if value != "on":
                raise RuntimeError(f"{name} is {value}")


def whole_seconds(seconds: float) -> int:
    """Return how long pgbench is at it, which knows whole seconds only."""
    return max(1, round(seconds))


async def pace(
    site: Site, database: Database, script: str, *, rows: int, clients: int, seconds: float
) -> float:
    """Return transactions a second of a script on stock of so many rows.

    Args:
        site: whose cluster it runs on.
        database: to the same, with the baseline's tables.
        script: ``order`` or ``read``.
        rows: of the stock; 1 is a row that everybody wants.
        clients: connections that ask without a pause.
        seconds: how long, at least one.
    """
    truncate, fill = SCRIPTS.joinpath("stock.sql").read_text().strip().split("\n", 1)
    async with database.connection() as connection:
        await connection.execute(truncate)
        await connection.execute(fill, rows)
        await connection.execute("vacuum analyze baseline.stock")
    with as_file(SCRIPTS.joinpath(f"{script}.sql")) as path:
        process = await asyncio.create_subprocess_exec(
            str(site.programs / "pgbench"),
            *("--no-vacuum", "--protocol=prepared", f"--define=rows={rows}"),
            *(f"--client={clients}", f"--jobs={THREADS}", f"--time={whole_seconds(seconds)}"),
            f"--file={path}",
            site.database_url,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate()
    told = TRANSACTIONS_PER_SECOND.search(out.decode())
    if process.returncode or not told:
        raise RuntimeError(f"pgbench failed: {err.decode()}")
    return float(told[1])
