"""Listening for HTTP: the sockets, and the server that answers on one of them.

The supervisor opens the sockets and keeps them open: a port in use is refused before anything
starts, and while a web process is started again its callers wait in the queue instead of failing.
On Linux every web process has a socket of its own, between which the kernel spreads the callers by
chance (`callers.py` makes that even); a single shared one would give nearly all of them to
whichever process wakes first.
"""

import asyncio
import contextlib
import errno
import os
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any

from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.net import SocketHolder
from granian.server.embed import Server

from crosslane.platform.callers import Board, Callers, open_board
from crosslane.platform.home import CannotStart
from crosslane.platform.processes import Pulse, collect_seldom
from crosslane.platform.telemetry import Log

QUEUE_MAX = 1024
CONNECTIONS_MAX = 1024
HEADER_SECONDS_MAX = 10
REQUEST_HEAD_BYTES_MAX = 64 * 1024
DRAIN_SECONDS_MAX = 5.0
LAST_WORD_SECONDS = 0.5
OWN_SOCKETS = sys.platform == "linux"

log = Log(__name__)


class PortTaken(CannotStart):
    """Port {port} on {host} is taken: {reason}.

    Another Crosslane may still run there. Stop it, or choose another port (--port or
    CROSSLANE_PORT).
    """


def listen(host: str, port: int, count: int) -> list[socket.socket]:
    """Open a listening socket for each of `count` web processes.

    Args:
        host: name or address to listen on.
        port: TCP port, 0 for any free one.
        count: number of web processes.

    Raises:
        PortTaken: somebody else listens there, or we may not.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        # Sockets that share a port would share it with a forgotten instance too, in silence. So
        # one that does not share goes first, and finds out whether the port is free.
        with contextlib.closing(_listening(family, address, shared=False)) as first:
            port = first.getsockname()[1]
            if not OWN_SOCKETS:
                return [first.dup() for _ in range(count)]
        return [
            _listening(family, (address[0], port, *address[2:]), shared=True) for _ in range(count)
        ]
    except OSError as error:
        reason = "somebody listens on it" if error.errno == errno.EADDRINUSE else error.strerror
        raise PortTaken(host=host, port=port, reason=reason) from error


def _listening(family: int, address: Any, *, shared: bool) -> socket.socket:
    opened = socket.socket(family, socket.SOCK_STREAM)
    try:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET6:
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        opened.bind(address)
        opened.listen(QUEUE_MAX)
    except BaseException:
        opened.close()
        raise
    return opened


def shared_board(processes: int, stack: AsyncExitStack) -> list[int]:
    """Return the number of an open board of callers, where chance decides whose they are.

    Args:
        processes: number of web processes.
        stack: keeps it open.
    """
    if processes < 2 or not OWN_SOCKETS:
        return []
    return [stack.enter_context(open_board(processes)).fileno()]


async def serve_http(
    make_app: Callable[[], Any], pulse: Pulse, descriptor: int, board: int | None = None
) -> None:
    """Answer HTTP on an open listening socket until SIGTERM or SIGINT.

    Then nobody new is let in, who waits in the queue of the socket is left to the next process, and
    requests under way are finished, for at most DRAIN_SECONDS_MAX. Does not return: the process
    ends here, because threads of the server may outlive the interpreter's own end otherwise.

    Args:
        make_app: makes the ASGI application.
        pulse: told when the application has started.
        descriptor: number of the listening socket.
        board: number of the open board of callers, when other processes share the port.
    """
    app = _announcing(make_app(), pulse)
    callers = Callers(app, None if board is None else Board(board))
    server = _Server(descriptor, callers)
    loop = asyncio.get_running_loop()
    callers.watch()

    def stop() -> None:
        callers.send_all_away()
        _stop_accepting(descriptor)
        # Who has just come in has not asked yet, and would be cut off.
        loop.call_later(LAST_WORD_SECONDS, server.stop)
        loop.call_later(DRAIN_SECONDS_MAX, _leave, 0)

    for kind in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(kind, stop)
    await server.serve()
    _leave(1 if server.interrupt_children else 0)


def _stop_accepting(descriptor: int) -> None:
    """Leave new callers to the next process, which will accept them from the same socket.

    The server cannot stop to accept without cutting off those who have not asked yet. So a socket
    where nobody calls is put in the place of the shared one, wherever this process has it open.
    """
    if not OWN_SOCKETS:
        return
    shared = os.fstat(descriptor)
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        deaf.setblocking(False)
        for name in os.listdir("/proc/self/fd"):
            with contextlib.suppress(OSError):
                found = os.fstat(int(name))
                if (found.st_dev, found.st_ino) == (shared.st_dev, shared.st_ino):
                    os.dup2(deaf.fileno(), int(name), inheritable=False)


def _leave(status: int) -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def _announcing(app: Any, pulse: Pulse) -> Any:
    """Wrap an application so that the supervisor learns whether it has started.

    A server would go on without an application that failed to start; we end the process.
    """

    async def announcing(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "lifespan":
            await app(scope, receive, send)
            return
        started = False

        async def telling(message: Any) -> None:
            nonlocal started
            if message["type"] == "lifespan.startup.failed":
                return
            await send(message)
            if message["type"] == "lifespan.startup.complete":
                started = True
                collect_seldom()
                pulse.ready()

        failure: Exception | None = None
        try:
            await app(scope, receive, telling)
        except Exception as error:
            failure = error
        if failure or not started:
            log.error("the application failed", failure, started=started)
            _leave(1)

    return announcing


class _Server(Server):
    """Granian's server inside our own event loop, on a socket that was opened for it."""

    def __init__(self, descriptor: int, app: Any) -> None:
        super().__init__(
            app,
            interface=Interfaces.ASGI,
            http=HTTPModes.http1,
            websockets=False,
            log_level=LogLevels.error,
            log_dictconfig={"loggers": {"_granian": {"handlers": [], "propagate": True}}},
            backlog=QUEUE_MAX,
            backpressure=CONNECTIONS_MAX,
            http1_settings=HTTP1Settings(
                header_read_timeout=HEADER_SECONDS_MAX * 1000,
                max_buffer_size=REQUEST_HEAD_BYTES_MAX,
            ),
        )
        self._descriptor = descriptor

    def _init_shared_socket(self) -> None:
        self._shd = SocketHolder(self._descriptor, False, QUEUE_MAX)
