"""Pages that stay true without being loaded again: a stream tells them what has changed.

A browser keeps one stream open while its page is looked at (Server-Sent Events). Each process looks
into the log of a tenant once a second as long as somebody of that tenant listens, however many they
are, and passes on the names of the modules that told something; a page asks again for its parts
that show those. A stream ends with the session it was opened in, and after STREAM_SECONDS_MAX,
after which the browser opens another. Neither the stream nor what a page asks for because of it
counts as use of the session: one that is left alone ends, however much happens meanwhile.
"""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator

from litestar import Request, Response
from litestar.response import Stream

from crosslane.kernel import Unavailable
from crosslane.platform import log
from crosslane.platform.auth import SELF
from crosslane.platform.database import CONNECTION_LOST, DatabaseBusy
from crosslane.platform.telemetry import Log
from crosslane.platform.web import EVENT_STREAM, Caller, get

LOOK_SECONDS = 1.0
"""How often the log is looked into."""

BEAT_SECONDS = 10.0
"""How often a stream shows that it is alive, and asks whether its caller may still come in."""

STREAM_SECONDS_MAX = 600.0
STREAMS_PER_CALLER_MAX = 12
STREAMS_PER_TENANT_MAX = 300
STREAMS_MAX = 500
"""Of all tenants in a process: each keeps one of its connections, which all others need too."""

AGAIN_MILLISECONDS = 2_000
"""After how long a browser opens a stream again that has ended."""

BEAT = b": still here\n\n"
GOODBYE = b"event: goodbye\ndata: \n\n"

journal = Log("crosslane.live")


class TooManyStreams(Unavailable):
    """So many pages are kept up to date at once already; this one has to be loaded again."""


class Listener:
    """One stream: what it has to tell, and when.

    Attributes:
        who: who listens, for the limit of each caller.
        topics: modules that told something since the stream told of it last.
        lost: nobody looks into the log for it any more.
    """

    def __init__(self, who: str) -> None:
        self.who = who
        self.topics: set[str] = set()
        self.lost = False
        self._woken = asyncio.Event()

    def tell(self, topics: set[str]) -> None:
        """Let the stream know that something has changed."""
        self.topics |= topics
        self._woken.set()

    def lose(self) -> None:
        """Let the stream end."""
        self.lost = True
        self._woken.set()

    async def heard(self, seconds: float) -> set[str]:
        """Return what has changed, waiting for it; nothing when nothing does for so long."""
        try:
            async with asyncio.timeout(seconds):
                await self._woken.wait()
        except TimeoutError:
            return set()
        self._woken.clear()
        topics, self.topics = self.topics, set()
        return topics


class Watch:
    """Looks into the log of one tenant for all who listen, from the first to the last.

    Args:
        caller: for whom it is looked first; whoever listens may see the names of modules.
    """

    def __init__(self, caller: Caller) -> None:
        self.listeners: set[Listener] = set()
        self._caller = caller
        self._task: asyncio.Task[None] | None = None

    def require_room(self, who: str) -> None:
        """Refuse one who listens often enough.

        Raises:
            TooManyStreams: of this caller or of this tenant.
        """
        of = Counter(each.who for each in self.listeners)
        if of[who] >= STREAMS_PER_CALLER_MAX or of.total() >= STREAMS_PER_TENANT_MAX:
            raise TooManyStreams

    def join(self, who: str) -> Listener:
        """Let somebody listen."""
        listener = Listener(who)
        self.listeners.add(listener)
        if self._task is None:
            self._task = asyncio.create_task(self._look())
        return listener

    def leave(self, listener: Listener) -> None:
        """Let somebody go."""
        self.listeners.discard(listener)
        if not self.listeners and self._task is not None:
            self._task.cancel()
            self._task = None

    async def _look(self) -> None:
        seen = ""
        try:
            while True:
                try:
                    async with self._caller.read() as tx:
                        news = await log.news(tx, seen)
                except (*CONNECTION_LOST, DatabaseBusy):
                    # What comes in meanwhile is told at the next look.
                    await asyncio.sleep(LOOK_SECONDS)
                    continue
                seen = news.seen
                topics = {kind.partition(".")[0] for kind in news.kinds}
                for listener in self.listeners if topics else ():
                    listener.tell(topics)
                await asyncio.sleep(LOOK_SECONDS)
        except Exception as error:  # whoever listens must not wait for ever
            journal.error("nobody looks into the log", error, of_tenant=self._caller.tenant)
        self._task = None
        for listener in self.listeners:
            listener.lose()


_watches: dict[str, Watch] = {}


@get("/live", permission=SELF, produces=EVENT_STREAM, listed=False, optional=True)
async def show_changes(caller: Caller, request: Request) -> Response:
    """Tell for as long as a page is looked at what has changed."""
    headers = {"X-Accel-Buffering": "no"}
    if request.method == "HEAD":
        return Response(b"", media_type=EVENT_STREAM, headers=headers)
    if sum(len(watch.listeners) for watch in _watches.values()) >= STREAMS_MAX:
        raise TooManyStreams
    if caller.tenant in _watches:
        _watches[caller.tenant].require_room(str(caller.actor))
    return Stream(_told(caller, request), media_type=EVENT_STREAM, headers=headers)


async def _told(caller: Caller, request: Request) -> AsyncIterator[bytes]:
    """Yield what a stream says."""
    # Joined here and not before: a stream nobody begins to read would never leave.
    watch = _watches.setdefault(caller.tenant, Watch(caller))
    listener = watch.join(str(caller.actor))
    now = time.monotonic()
    until, asked_at = now + STREAM_SECONDS_MAX, now
    try:
        yield b"retry: %d\n\n" % AGAIN_MILLISECONDS
        while now < until and not listener.lost:
            topics = await listener.heard(max(0.0, asked_at + BEAT_SECONDS - now))
            now = time.monotonic()
            if now >= asked_at + BEAT_SECONDS:
                asked_at = now
                if not await caller.is_still_let_in(request):
                    yield GOODBYE
                    return
                yield BEAT
            if topics:
                yield f"data: {' '.join(sorted(topics))}\n\n".encode()
    finally:
        watch.leave(listener)
        if not watch.listeners and _watches.get(caller.tenant) is watch:
            del _watches[caller.tenant]


ROUTES = [show_changes]
