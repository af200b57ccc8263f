"""Routes about the interface itself: its OpenAPI document, and what each code of problem means."""

import asyncio
from collections.abc import Sequence
from functools import cache

import msgspec

from crosslane import __version__
from crosslane.kernel import Page
from crosslane.platform.web.answers import Document, encode
from crosslane.platform.web.errors import NoSuchAddress
from crosslane.platform.web.openapi import document
from crosslane.platform.web.problems import (
    PROBLEM_TYPE_PREFIX,
    catalogue,
    message_of,
    status_of,
    title_of,
)
from crosslane.platform.web.routes import PUBLIC, Route, get

TAG = "reference"


class ProblemType(msgspec.Struct, frozen=True):
    """A sort of problem.

    Args:
        type: its address, as it stands in problems.
        code: its stable name.
        title: its name for people.
        status: HTTP status it comes with.
        message: its text; words in braces are replaced by details.
    """

    type: str
    code: str
    title: str
    status: int
    message: str


def reference_routes(routes: Sequence[Route]) -> list[Route]:
    """Return routes that describe the given ones."""
    types = {
        refusal.code_of_class(): ProblemType(
            PROBLEM_TYPE_PREFIX + refusal.code_of_class(),
            refusal.code_of_class(),
            title_of(refusal.code_of_class()),
            status_of(refusal),
            message_of(refusal),
        )
        for refusal in catalogue()
    }

    @get("/api/v1/openapi.json", permission=PUBLIC, tag=TAG, listed=False)
    async def show_document() -> Document:
        """Show the OpenAPI document."""
        return Document(content=await asyncio.to_thread(written), media_type="application/json")

    @get("/api/v1/problems", permission=PUBLIC, tag=TAG)
    async def list_problems() -> Page[ProblemType]:
        """List every sort of problem."""
        return Page(sorted(types.values(), key=lambda told: told.code))

    @get("/api/v1/problems/{code}", permission=PUBLIC, tag=TAG)
    async def show_problem(code: str) -> ProblemType:
        """Explain a sort of problem."""
        if code not in types:
            raise NoSuchAddress
        return types[code]

    listed = [*routes, list_problems, show_problem]

    @cache
    def written() -> bytes:
        # By whoever asks first: hundreds of routes take longer than a process should to start.
        return encode(document(listed, title="Crosslane", version=__version__))

    return [show_document, list_problems, show_problem]
