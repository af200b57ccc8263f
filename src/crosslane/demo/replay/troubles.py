"""Trouble that is planted while the orders come in: a carrier that is down for a while."""

import asyncio

import msgspec

from crosslane.demo.client import Connections
from crosslane.demo.world import World

OUTAGE_SECONDS = 8.0
FAULTS_PATH = "/control/faults"


class Outage:
    """The carrier of the express service answers nothing useful, until it is mended.

    Args:
        world: where the carrier is.
    """

    def __init__(self, world: World) -> None:
        self._url = world.carrier_url

    async def play(self, seconds: float = OUTAGE_SECONDS) -> None:
        """Take the carrier down for some seconds of real time."""
        await self._control("POST", msgspec.json.encode({"fault": "error", "times": -1}))
        try:
            await asyncio.sleep(seconds)
        finally:
            await self._control("DELETE", b"")

    async def _control(self, method: str, body: bytes) -> None:
        connections = Connections(self._url, 1)
        head = (
            f"{method} {FAULTS_PATH} HTTP/1.1\r\nHost: {connections.netloc}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        try:
            await connections.exchange(head.encode() + body)
        finally:
            await connections.close()
