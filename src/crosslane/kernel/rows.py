"""What imports tell of rows that they leave out."""

from typing import Any, Self

import msgspec

from crosslane.kernel.errors import Refusal


class RowProblem(msgspec.Struct, frozen=True):
    """One reason why a row of an import was refused.

    Args:
        row: its place in the request, from 0.
        key: what the row is about, as given, such as a SKU; empty where that may be a person.
        pointer: JSON pointer into the request.
        code: stable name of the reason.
        message: for people.
        details: facts of the reason.
    """

    row: int
    key: str
    pointer: str
    code: str
    message: str
    details: dict[str, Any]

    @classmethod
    def of(cls, row: int, refusal: Refusal, *, key: str = "", at: str = "") -> Self:
        """Tell a refusal of a row.

        Args:
            row: place of the row in the request.
            refusal: why.
            key: what the row is about; only its first KEY_CHARACTERS_MAX are told.
            at: what the pointer of the refusal begins below, when it does not name the row.
        """
        pointer = at + refusal.pointer
        key = key[:KEY_CHARACTERS_MAX]
        return cls(row, key, pointer, refusal.code, refusal.message, refusal.details)


KEY_CHARACTERS_MAX = 64
