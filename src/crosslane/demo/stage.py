"""The stage: Crosslane itself and the outside world, each a process, started for the demo.

``crosslane serve`` with its embedded PostgreSQL, the strict payment provider, the strict carrier
and a mail server that delivers to nobody. Everything lives in the home folder, so that the next run
finds the tenant as it was left. What only its owner may read (keys, passwords) is kept there too,
in one file.
"""

import asyncio
import os
import re
import secrets
import signal
import sys
from base64 import b64encode
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec

from crosslane.demo.client import Client, Connections
from crosslane.demo.inbox import Inbox
from crosslane.platform.home import CannotStart, make_home
from crosslane.platform.processes import end_with_parent
from crosslane.platform.tenants import NoSuchTenant

TENANT = "demo"
HOST_NAMES = ("127.0.0.1", "localhost")
READY_SECONDS_MAX = 90.0
STOP_SECONDS_MAX = 40.0
LOG_TAIL_CHARACTERS = 2_000
PASSWORD_BYTES = 12
COMMAND = (sys.executable, "-c", "from crosslane.cli import main; main()")


class StageFailed(CannotStart):
    """The demo could not start {what}: {reason}."""


class Kept(msgspec.Struct):
    """Secrets of the demo that a second run needs; all of them can be made anew.

    Args:
        operator_key: API key that may do everything.
        provider_key: what the payment provider wants to be shown.
        carrier_key: what the carrier wants to be shown.
        webhook_secret: what the provider signs its messages with.
        password: of every log-in of the demo.
        keys: API key by channel.
        sessions: session token by member of staff.
        founded: selections whose opening stock was booked.
    """

    operator_key: str = ""
    provider_key: str = ""
    carrier_key: str = ""
    webhook_secret: str = ""
    password: str = ""
    keys: dict[str, str] = {}
    sessions: dict[str, str] = {}
    founded: list[str] = []


class Safe:
    """The file of the secrets, readable by its owner only.

    Args:
        folder: where it lies.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / "secrets.json"
        self.kept = Kept()
        if self._path.exists():
            self.kept = msgspec.json.decode(self._path.read_bytes(), type=Kept)
        for name in ("provider_key", "carrier_key"):
            if not getattr(self.kept, name):
                setattr(self.kept, name, secrets.token_hex(PASSWORD_BYTES))
        if not self.kept.webhook_secret:
            self.kept.webhook_secret = "whsec_" + b64encode(secrets.token_bytes(24)).decode()
        if not self.kept.password:
            self.kept.password = f"demo-{secrets.token_hex(PASSWORD_BYTES)}"

    def save(self) -> None:
        """Write the file; a half-written one never takes the place of a whole one."""
        aside = self._path.with_suffix(".new")
        aside.unlink(missing_ok=True)
        aside.touch(mode=0o600)
        aside.write_bytes(msgspec.json.format(msgspec.json.encode(self.kept)))
        aside.replace(self._path)


class Stage(msgspec.Struct, frozen=True):
    """Everything that runs.

    Args:
        home: the home folder.
        address: where Crosslane answers.
        tenant: name of the tenant.
        safe: keys and passwords.
        inbox: the mail that has arrived.
        provider_url: where the strict payment provider is.
        carrier_url: where the strict carrier is.
        log: file with what the processes say.
    """

    home: Path
    address: str
    tenant: str
    safe: Safe
    inbox: Inbox
    provider_url: str
    carrier_url: str
    log: Path


@asynccontextmanager
async def stage(home: Path, environment: Mapping[str, str] = os.environ) -> AsyncIterator[Stage]:
    """Start everything, and stop it when the block ends.

    Args:
        home: the home folder, made when it is absent.
        environment: of the processes; a mail server named there is not used.

    Raises:
        StageFailed: something did not start; the message has the end of its log.
    """
    make_home(home)
    folder = home / "demo"
    folder.mkdir(mode=0o700, exist_ok=True)
    safe, inbox, log = Safe(folder), Inbox(), folder / "processes.log"
    async with AsyncExitStack() as stack:
        smtp = await stack.enter_async_context(inbox.opened())
        settings = {
            **environment,
            "CROSSLANE_HOME": str(home),
            "CROSSLANE_SMTP_URL": smtp,
            "CROSSLANE_OUTBOUND_ALLOW": HOST_NAMES[0],  # its provider and carrier are here
            "CROSSLANE_LOG_LEVEL": environment.get("CROSSLANE_LOG_LEVEL", "warning"),
            "COLUMNS": "200",
        }
        crew = Crew(settings, log)
        stack.push_async_callback(crew.stop)
        address, carrier_url = await asyncio.gather(
            crew.start("Crosslane", [*COMMAND, "serve"], r"Crosslane is ready on (\S+)"),
            crew.start(
                "the carrier",
                [
                    *(sys.executable, "-m", "crosslane.carriers.port.fake"),
                    *("--state", str(folder / "carrier"), "--api-key", safe.kept.carrier_key),
                ],
            ),
        )
        kept, hooks = safe.kept, f"{address}/api/v1/payment-providers/house/messages"
        _, provider_url = await asyncio.gather(
            _require_tenant(crew, address, safe),
            crew.start(
                "the payment provider",
                [
                    *(sys.executable, "-m", "crosslane.payments.provider.fake"),
                    *("--state", str(folder / "provider"), "--api-key", kept.provider_key),
                    *("--webhook-secret", kept.webhook_secret, "--webhook-url", hooks),
                ],
            ),
        )
        yield Stage(home, address, TENANT, safe, inbox, provider_url, carrier_url, log)


class Crew:
    """The processes of the stage, stopped in the reverse order of their start.

    Args:
        environment: of every process.
        log: file to which they write what they have to say.
    """

    def __init__(self, environment: Mapping[str, str], log: Path) -> None:
        self._environment = environment
        self._log = log
        self._running: list[asyncio.subprocess.Process] = []

    async def start(self, name: str, words: Sequence[str], told: str = r"(http://\S+)") -> str:
        """Start a process and return the address in the line with which it reports ready."""
        with self._log.open("ab") as errors:
            process = await asyncio.create_subprocess_exec(
                *words,
                env=self._environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=errors,
                start_new_session=True,  # a Ctrl-C in the terminal reaches us alone
                preexec_fn=end_with_parent(signal.SIGTERM),
            )
        self._running.append(process)
        output = process.stdout
        if output is None:
            raise StageFailed(what=name, reason="it has no output")
        try:
            async with asyncio.timeout(READY_SECONDS_MAX):
                while line := (await output.readline()).decode():
                    if found := re.search(told, line):
                        return found[1]
        except TimeoutError:
            raise StageFailed(what=name, reason="it takes too long") from None
        raise StageFailed(what=name, reason=self._last_words() or "it ended at once")

    async def command(self, *words: str) -> tuple[int, str]:
        """Run a command of the command line; return its status and what it printed."""
        process = await asyncio.create_subprocess_exec(
            *COMMAND,
            *words,
            env=self._environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        printed, errors = await process.communicate()
        status = process.returncode or 0
        return status, (errors if status else printed).decode("utf-8", "replace").strip()

    async def stop(self) -> None:
        """End every process."""
        for process in reversed(self._running):
            if process.returncode is not None:
                continue
            process.terminate()
            try:
                await asyncio.wait_for(process.wait(), STOP_SECONDS_MAX)
            except TimeoutError:
                process.kill()
                await process.wait()

    def _last_words(self) -> str:
        return self._log.read_text(encoding="utf-8", errors="replace")[
            -LOG_TAIL_CHARACTERS:
        ].strip()


async def _require_tenant(crew: Crew, address: str, safe: Safe) -> None:
    """Make the tenant, or get into the one that is there."""
    if safe.kept.operator_key and await _lets_in(address, safe.kept.operator_key):
        return
    names = [word for name in HOST_NAMES for word in ("--host-name", name)]
    status, said = await crew.command("tenant", "create", TENANT, *names, "--json")
    if status == 0:
        safe.kept.operator_key = _made(said)["api_key"]
        safe.kept.keys, safe.kept.sessions, safe.kept.founded = {}, {}, []
    else:
        known, printed = await crew.command("tenant", "key", TENANT)
        if known != 0:
            raise StageFailed(what=f"the tenant {TENANT}", reason=said)
        safe.kept.operator_key = printed.splitlines()[-1].strip()
    safe.save()


async def _lets_in(address: str, key: str) -> bool:
    connections = Connections(address)
    try:
        answer = await Client(connections, key).ask("me", None, method="GET")
    finally:
        await connections.close()
    return answer.ok


def _made(printed: str) -> dict[str, Any]:
    return msgspec.json.decode(printed)


async def remove(home: Path, environment: Mapping[str, str] = os.environ) -> None:
    """Drop the tenant with everything it has, if it is there, and forget keys and passwords.

    Raises:
        StageFailed: the tenant is there and could not be dropped.
    """
    make_home(home)
    folder = home / "demo"
    crew = Crew({**environment, "CROSSLANE_HOME": str(home)}, folder / "processes.log")
    status, said = await crew.command("tenant", "drop", TENANT, "--yes")
    if status != 0 and NoSuchTenant(name=TENANT).message not in said:
        raise StageFailed(what="the removal", reason=said)
    for name in ("secrets.json", "provider", "carrier", "processes.log"):
        (folder / name).unlink(missing_ok=True)
