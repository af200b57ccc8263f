"""Who stands on the other side: a strict stranger in a process of its own."""

import os
import signal
from collections.abc import Sequence
from typing import Any, ClassVar

import httpx

from tests.forking import begin

ASK_SECONDS_MAX = 60.0
# One for all, because each loads the certificates of the machine; and a connection for each
# question, because who is asked may have been killed since.
ASKING = httpx.Client(
    limits=httpx.Limits(max_keepalive_connections=0), trust_env=False, timeout=ASK_SECONDS_MAX
)


class Counterpart:
    """A program that prints where it listens and serves until it is killed.

    Each kind names its ``MODULE`` and has methods of its own for what it can be told and asked.

    Args:
        words: what the program is started with, each time.

    Attributes:
        url: where it listens, as it printed it.
        process: its life of now.
    """

    MODULE: ClassVar[str]

    def __init__(self, *words: str) -> None:
        self.words: Sequence[str] = words
        self.url = ""
        self.start()

    def start(self) -> None:
        """Start it, or start it again, and wait until it listens."""
        self.process = begin(self.MODULE, *self.words, environment=os.environ, listens=True)
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().strip()
        assert self.url, f"{self.MODULE} ended before it said where it listens"

    def kill(self) -> None:
        """End it at once, in the middle of whatever it does."""
        self.process.kill()
        self.process.join()
        assert self.process.stdout is not None
        self.process.stdout.close()

    def freeze(self) -> None:
        """Let it do nothing, with its port open."""
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self.process.send_signal(signal.SIGCONT)

    def ask(self, method: str, path: str, body: Any = None) -> httpx.Response:
        """Ask it from behind, where no partner does; it has to agree."""
        answer = ASKING.request(method, f"{self.url}/{path}", json=body)
        assert answer.is_success, f"{path}: {answer.status_code} {answer.text}"
        return answer

    def fault(self, fault: str, **more: Any) -> None:
        """Let it go wrong, as `crosslane.platform.misdeeds` has it."""
        self.ask("POST", "control/faults", {"fault": fault, **more})

    def clear_faults(self) -> None:
        """Let it go wrong no more."""
        self.ask("DELETE", "control/faults")
