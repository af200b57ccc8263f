"""A mail server that delays, refuses, cuts off and can be killed; a file keeps what arrived.

A line is a Message-ID and what became of the message: ``kept`` before it is answered, ``taken``
when the answer has been seen to arrive.
"""

import argparse
import asyncio
import random
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session
from tests.engagement.mailbox import Mailbox

DELAY, LATER, NEVER, CUT = "delay", "later", "never", "cut"
SHARES = {DELAY: 0.05, LATER: 0.1, NEVER: 0.02, CUT: 0.05}
DELAY_SECONDS = 1.0
ANSWERS = {LATER: "451 come back later", NEVER: "554 not this one"}


class BadPost(Mailbox):
    """Takes most messages; an envelope remembers the message it has taken until QUIT."""

    def __init__(self, path: Path, seed: int) -> None:
        super().__init__()
        self._path = path
        self._choice = random.Random(seed)  # noqa: S311

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Take a message, or not."""
        how = self._choice.choices(("", *SHARES), (1 - sum(SHARES.values()), *SHARES.values()))[0]
        if how in ANSWERS:
            return ANSWERS[how]
        if how == DELAY:
            await asyncio.sleep(DELAY_SECONDS)
        answer = await super().handle_DATA(server, session, envelope)
        name = self.arrived.pop()["Message-ID"]
        self._note(name, "kept")
        if how == CUT:
            server.transport.abort()
        session.taken = name
        return answer

    async def handle_QUIT(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Who says goodbye has seen the 250."""
        del server, envelope
        if taken := getattr(session, "taken", ""):
            self._note(taken, "taken")
        return "221 bye"

    def _note(self, name: str, what: str) -> None:
        with self._path.open("a") as file:
            file.write(f"{name} {what}\n")


async def _main(path: Path, port: int, seed: int) -> None:
    post = BadPost(path, seed)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(post), "127.0.0.1", port, reuse_address=True)
    print(f"smtp://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    words = argparse.ArgumentParser()
    words.add_argument("--path", type=Path)
    words.add_argument("--seed", type=int)
    words.add_argument("--port", type=int)
    given = words.parse_args()
    asyncio.run(_main(given.path, given.port, given.seed))
