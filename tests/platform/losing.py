"""A database whose answer to COMMIT gets lost."""

from typing import Any

from crosslane.platform.database import CommitUnknown, Database, Tx


class LosesCommitReply(Database):
    """Commits, then behaves as if the connection had broken before the reply."""

    lose = 1

    def transaction(self, *args: Any, **named: Any):
        return _Losing(self, super().transaction(*args, **named))


class _Losing:
    def __init__(self, database: LosesCommitReply, inner: Any) -> None:
        self.database, self.inner = database, inner

    async def __aenter__(self) -> Tx:
        return await self.inner.__aenter__()

    async def __aexit__(self, *error: Any) -> Any:
        suppressed = await self.inner.__aexit__(*error)
        if error[0] is None and self.database.lose:
            self.database.lose -= 1
            raise CommitUnknown
        return suppressed
