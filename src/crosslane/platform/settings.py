"""Settings: everything an operator may choose, read once from the environment.

| variable | meaning | default |
|---|---|---|
| `CROSSLANE_HOME` | folder for data, keys and the embedded database | per user and platform |
| `DATABASE_URL` | a PostgreSQL of your own, 16 or newer | the embedded one |
| `CROSSLANE_HOST`, `CROSSLANE_PORT` | where the web processes listen | 127.0.0.1, 8700 |
| `CROSSLANE_WORKERS` | number of web processes | half the cores, 1 to 4 |
| `CROSSLANE_PUBLIC_URL` | what links in messages begin with | http://host:port |
| `CROSSLANE_SMTP_URL` | `smtp://user:password@host:port` or `smtps://…` | none |
| `CROSSLANE_MAIL_FROM` | sender of messages | orders@localhost |
| `CROSSLANE_OUTBOUND_ALLOW` | hosts and networks inside that may be called, by commas | none |
| `CROSSLANE_EXCHANGE` | folder in which files are exchanged with channels | none: not at all |
| `CROSSLANE_TILES_URL` | tiles of maps, with `{z}`, `{x}` and `{y}` | none: the bundled outline |
| `CROSSLANE_LOG_LEVEL` | debug, info, warning, error | info |
| `CROSSLANE_SECRET_KEY` | 64 hexadecimal digits, the same on every machine | made once |
"""

import contextlib
import os
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar
from urllib.parse import SplitResult, unquote, urlsplit

from crosslane.platform.home import CannotStart, default_home, make_home
from crosslane.platform.outbound import Allowed

T = TypeVar("T")

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8700
WORKERS_MAX = 64
DEFAULT_WORKERS_MAX = 4
SECRET_BYTES = 32
SMTP_PORTS = {"smtp": 25, "smtps": 465}
LOG_LEVELS = ("debug", "info", "warning", "error")


class BadSettings(CannotStart):
    """Some settings cannot be used. {problems}."""


@dataclass(frozen=True)
class SmtpServer:
    """Where messages are handed over.

    Args:
        host: host name of the server.
        port: its TCP port.
        user: name to log in with, "" for none.
        password: password to log in with; never shown.
        tls: encrypted from the first byte (`smtps://`); otherwise STARTTLS when offered.
    """

    host: str
    port: int
    user: str = ""
    password: str = field(default="", repr=False)
    tls: bool = False


@dataclass(frozen=True)
class Settings:
    """What the operator chose; see the table on top of this file.

    Secrets and addresses that may hold a password are left out of its printed form.
    """

    home: Path
    database_url: str | None = field(repr=False)
    host: str
    port: int
    workers: int
    public_url: str
    smtp: SmtpServer | None
    mail_from: str
    outbound_allow: tuple[str, ...]
    exchange: Path | None
    tiles_url: str
    log_level: str
    given_secret: bytes | None = field(repr=False)

    def secret_key(self) -> bytes:
        """Return the key that signs links and sessions, made on first use (32 bytes).

        It rests in the home folder, readable by its owner only. Several machines on one database
        must share it through `CROSSLANE_SECRET_KEY`.
        """
        return self.given_secret or _kept_secret(self.home)


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Read the settings and check them all.

    Raises:
        BadSettings: names every value that cannot be used and what it should look like.
    """
    reader = _Reader(environment)
    host = environment.get("CROSSLANE_HOST") or DEFAULT_HOST
    port = reader.read("CROSSLANE_PORT", _number(0, 65_535), DEFAULT_PORT)
    # The other cores are the database's and the worker's; few processes also make larger batches.
    web_processes = min(max((os.cpu_count() or 1) // 2, 1), DEFAULT_WORKERS_MAX)
    settings = Settings(
        home=default_home(environment),
        database_url=reader.read("DATABASE_URL", _database_url, None),
        host=host,
        port=port,
        workers=reader.read("CROSSLANE_WORKERS", _number(1, WORKERS_MAX), web_processes),
        public_url=reader.read("CROSSLANE_PUBLIC_URL", _web_url, f"http://{host}:{port}"),
        smtp=reader.read("CROSSLANE_SMTP_URL", _smtp_server, None),
        mail_from=reader.read("CROSSLANE_MAIL_FROM", _mail_address, "orders@localhost"),
        outbound_allow=reader.read("CROSSLANE_OUTBOUND_ALLOW", _hosts, ()),
        exchange=reader.read("CROSSLANE_EXCHANGE", _folder, None),
        tiles_url=reader.read("CROSSLANE_TILES_URL", _tiles_url, ""),
        log_level=reader.read("CROSSLANE_LOG_LEVEL", _log_level, "info"),
        given_secret=reader.read("CROSSLANE_SECRET_KEY", _secret, None),
    )
    if reader.problems:
        raise BadSettings(problems="; ".join(reader.problems))
    return settings


class _Reader:
    """Collects every problem, so that the operator mends them in one go."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self.problems: list[str] = []

    def read(self, name: str, parse: Callable[[str], T], default: T) -> T:
        text = self._environment.get(name, "").strip()
        if not text:
            return default
        try:
            return parse(text)
        except ValueError as error:
            self.problems.append(f"{name} must be {error}")
            return default


def _number(least: int, most: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if text.isascii() and text.isdigit() and least <= int(text[:9]) <= most:
            return int(text)
        raise ValueError(f"a whole number from {least} to {most}")

    return parse


def _split_url(text: str, schemes: tuple[str, ...], wanted: str) -> SplitResult:
    with contextlib.suppress(ValueError):
        url = urlsplit(text)
        if url.scheme in schemes and url.port != 0:
            return url
    raise ValueError(wanted)


def _database_url(text: str) -> str:
    _split_url(text, ("postgresql", "postgres"), "like postgresql://user:password@host:5432/name")
    return text


def _web_url(text: str) -> str:
    wanted = "like https://orders.example.com, without a path"
    url = _split_url(text, ("http", "https"), wanted)
    if not url.hostname or url.path.strip("/") or url.query or url.fragment or url.username:
        raise ValueError(wanted)
    return text.rstrip("/")


def _tiles_url(text: str) -> str:
    wanted = "like https://tiles.example.com/{z}/{x}/{y}.png"
    url = _split_url(text, ("http", "https"), wanted)
    named = all(part in url.path for part in ("{z}", "{x}", "{y}"))
    # It is written into the policy of every page.
    if not url.hostname or url.username or not named or set(url.netloc) & set(" ;,'\"{}"):
        raise ValueError(wanted)
    return text


def _smtp_server(text: str) -> SmtpServer:
    wanted = "like smtp://user:password@host:587 or smtps://host"
    url = _split_url(text, tuple(SMTP_PORTS), wanted)
    if not url.hostname or url.path.strip("/"):
        raise ValueError(wanted)
    return SmtpServer(
        host=url.hostname,
        port=url.port or SMTP_PORTS[url.scheme],
        user=unquote(url.username or ""),
        password=unquote(url.password or ""),
        tls=url.scheme == "smtps",
    )


def _mail_address(text: str) -> str:
    name, _, domain = text.rpartition("@")
    if not name or not domain or any(c.isspace() or c in "<>,;" for c in text):
        raise ValueError("an e-mail address like orders@example.com")
    return text


def _hosts(text: str) -> tuple[str, ...]:
    hosts = tuple(host.strip() for host in text.split(",") if host.strip())
    try:
        Allowed(hosts)
    except ValueError:
        raise ValueError("host names and networks like vendor.lan,10.1.0.0/16") from None
    return hosts


def _folder(text: str) -> Path:
    path = Path(text)
    if not path.is_absolute():
        raise ValueError("the whole path of a folder, like /srv/exchange")
    return path


def _log_level(text: str) -> str:
    if text.lower() not in LOG_LEVELS:
        raise ValueError("one of " + ", ".join(LOG_LEVELS))
    return text.lower()


def _secret(text: str) -> bytes:
    with contextlib.suppress(ValueError):
        secret = bytes.fromhex(text)
        if len(secret) == SECRET_BYTES:
            return secret
    raise ValueError(f"{SECRET_BYTES * 2} hexadecimal digits (openssl rand -hex {SECRET_BYTES})")


def _kept_secret(home: Path) -> bytes:
    make_home(home)
    path = home / "secret-key"
    if not path.exists():
        # Written aside and linked into place: the first of several processes wins, and nobody
        # ever reads half a key.
        fresh = home / f"secret-key.{secrets.token_hex(4)}"
        fresh.touch(mode=0o600)
        fresh.write_text(secrets.token_hex(SECRET_BYTES), encoding="ascii")
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(fresh)
        fresh.unlink()
    try:
        return _secret(path.read_text(encoding="ascii").strip())
    except (OSError, ValueError):
        raise BadSettings(problems=f"{path} holds no key; restore it from a backup") from None
