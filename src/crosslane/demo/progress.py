"""How far the demo is, told to whoever watches."""

from typing import Protocol


class Progress(Protocol):
    """Somebody who watches: the terminal, or nobody."""

    def begin(self, name: str, total: int) -> None:
        """A task of so many steps begins; told again, its total grew or shrank."""

    def advance(self, name: str, by: int = 1) -> None:
        """Some of its steps are done."""


class Unwatched:
    """Nobody watches."""

    def begin(self, name: str, total: int) -> None:
        """Say nothing."""

    def advance(self, name: str, by: int = 1) -> None:
        """Say nothing."""
