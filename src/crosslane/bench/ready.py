"""From the command to the first answer: on an empty folder, and when everything is there."""

import asyncio
import os
import re
import sys
import tempfile
import time
from pathlib import Path

from crosslane.bench.figures import DEMO, Figure, Scale

MAIN = "from crosslane.cli import main; main()"
COMMAND = (sys.executable, "-c", MAIN, "serve", "--port", "0")
READY = re.compile(r"Crosslane is ready on \S+")
COLD_SECONDS_MOST = 5.0
WARM_SECONDS_MOST = 2.0
WARM_STARTS = 3
STOP_SECONDS_MAX = 30.0


async def ready(scale: Scale = DEMO) -> list[Figure]:
    """Measure `crosslane serve` with as many web processes as it starts by itself."""
    del scale  # an installation is as quick to start with any retailer in it
    with tempfile.TemporaryDirectory(prefix="crosslane-bench-", ignore_cleanup_errors=True) as home:
        cold = await _start(Path(home))
        warm = sorted([await _start(Path(home)) for _ in range(WARM_STARTS)])[WARM_STARTS // 2]
    return [
        Figure(name="ready on an empty folder", value=cold, unit="s", most=COLD_SECONDS_MOST),
        Figure(
            name=f"ready again, middle of {WARM_STARTS}",
            value=warm,
            unit="s",
            most=WARM_SECONDS_MOST,
        ),
    ]


async def _start(home: Path) -> float:
    """Start and stop it; return the seconds until it said that it serves."""
    environment = {name: v for name, v in os.environ.items() if name != "DATABASE_URL"}
    began = time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        *COMMAND,
        env={**environment, "CROSSLANE_HOME": str(home), "CROSSLANE_LOG_LEVEL": "warning"},
        stdout=asyncio.subprocess.PIPE,
    )
    if process.stdout is None:
        raise RuntimeError("no way to hear it")
    try:
        async for line in process.stdout:
            if READY.search(line.decode()):
                return round(time.perf_counter() - began, 2)
        raise RuntimeError("crosslane serve ended")
    finally:
        if process.returncode is None:
            process.terminate()
        await asyncio.wait_for(process.communicate(), STOP_SECONDS_MAX)
