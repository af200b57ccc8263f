"""A real port at which a provider's messages arrive."""

import asyncio

from tests.api import Api


class Inbox:
    """Passes what a provider sends on to the application.

    Attributes:
        statuses: what each message was answered with.
    """

    def __init__(self, api: Api) -> None:
        self.statuses: list[int] = []
        self._client = api.client()
        self._server: asyncio.Server | None = None

    async def listen(self) -> str:
        """Open the port; return the address for messages."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        return f"http://127.0.0.1:{port}/api/v1/payment-providers/house/messages"

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        first, *lines = head.strip().split("\r\n")
        headers = {n.lower(): v for n, v in (line.split(": ", 1) for line in lines)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        kept = {n: v for n, v in headers.items() if n.startswith("webhook") or n == "content-type"}
        answer = await self._client.post(first.split()[1], content=body, headers=kept)
        self.statuses.append(answer.status_code)
        writer.write(f"HTTP/1.1 {answer.status_code} -\r\ncontent-length: 0\r\n\r\n".encode())
        await writer.drain()
        writer.close()
