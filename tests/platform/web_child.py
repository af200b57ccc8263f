"""A web process with a small application, run by the tests of the supervisor."""

import asyncio
import os
import sys
from typing import Any

from crosslane.platform.http_server import serve_http
from crosslane.platform.processes import Pulse
from crosslane.platform.telemetry import start_logging

BEGUN: list[str] = []


async def app(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        await lifespan(receive, send)
        return
    answer = str(os.getpid())
    if scope["path"] == "/slow":
        BEGUN.append(answer)
        await asyncio.sleep(2)
    if scope["path"] == "/short":
        await asyncio.sleep(0.2)
    if scope["path"] == "/begun":
        answer = " ".join([answer, *BEGUN])
    await send({"type": "http.response.start", "status": 200, "headers": []})
    if scope["path"] == "/endless":
        while True:
            await send({"type": "http.response.body", "body": b"x\n", "more_body": True})
            await asyncio.sleep(0.05)
    await send({"type": "http.response.body", "body": answer.encode()})


async def lifespan(receive: Any, send: Any) -> None:
    await receive()
    if "fails" in sys.argv:
        raise RuntimeError("no database")
    if "fails-in-words" in sys.argv:
        await send({"type": "lifespan.startup.failed", "message": "no database"})
        return
    if "slow-to-start" in sys.argv:
        await asyncio.sleep(600)
    await send({"type": "lifespan.startup.complete"})
    await receive()
    print("lifespan ended", flush=True)
    await send({"type": "lifespan.shutdown.complete"})


if __name__ == "__main__":
    start_logging("info")
    numbers = [int(argument) for argument in sys.argv[1:] if argument.isdecimal()]
    if "fails-before" in sys.argv:
        raise RuntimeError("no settings")
    asyncio.run(serve_http(lambda: app, Pulse(), *numbers))
