"""A consumer of the stream in a process of its own, which may be killed at any moment.

It keeps each page with the cursor behind it in one line of a file, and goes on from the last whole
line it finds there.
"""

import asyncio
import json
import sys
from pathlib import Path

from crosslane import publishing
from crosslane.platform.database import Database


def last_cursor(file: Path) -> str:
    """Return the cursor of the last whole line, "" when there is none."""
    lines = file.read_text().splitlines(keepends=True) if file.exists() else []
    whole = [line for line in lines if line.endswith("\n")]
    file.write_text("".join(whole))
    return json.loads(whole[-1])["cursor"] if whole else ""


async def consume(url: str, tenant: str, file: Path, after: str) -> None:
    """Read for ever."""
    database = await Database.connect(url, connections=1)
    while True:
        async with database.transaction(tenant, read_only=True) as tx:
            page = await publishing.read(tx, after=after, limit=7)
        after = page.next_cursor
        if page.items:
            told = [[one.id, one.subject, int(one.sequence)] for one in page.items]
            with file.open("a") as kept:
                kept.write(json.dumps({"cursor": after, "told": told}) + "\n")
        else:
            await asyncio.sleep(0.01)


if __name__ == "__main__":
    path = Path(sys.argv[3])
    asyncio.run(consume(sys.argv[1], sys.argv[2], path, last_cursor(path)))
