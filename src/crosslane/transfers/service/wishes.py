"""What is asked of transfers."""

from datetime import date, datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from crosslane.kernel import QUANTITY_MAX
from crosslane.transfers.domain import Difference, Purpose

LINES_MAX = 250
NOTE_CHARACTERS_MAX = 300

Code = Annotated[str, Meta(min_length=1, max_length=60)]
Sku = Annotated[str, Meta(min_length=1, max_length=64)]
Named = Annotated[str, Meta(min_length=1, max_length=40)]
Note = Annotated[str, Meta(max_length=NOTE_CHARACTERS_MAX)]
Units = Annotated[int, Meta(ge=1, le=QUANTITY_MAX)]
UnitsOrNone = Annotated[int, Meta(ge=0, le=QUANTITY_MAX)]


class ArticleUnits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Units of an article."""

    sku: Sku
    quantity: Units


class ArrivedArticle(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Units of an article that arrived, in good order and damaged."""

    sku: Sku
    quantity: UnitsOrNone = 0
    damaged: UnitsOrNone = 0


class RequestTransfer(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Ask for goods to be sent from one location to another.

    Args:
        source: code of the location they lie at.
        destination: code of the location they are wanted at.
        lines: what; units of an article named twice are added up.
        purpose: why.
        note: the same in words, for the people of both locations.
        expected_on: day from which they can be promised at the destination; by the policy
            ``transfers.travel`` when absent.
    """

    source: Code
    destination: Code
    lines: Annotated[tuple[ArticleUnits, ...], Meta(min_length=1, max_length=LINES_MAX)]
    purpose: Purpose = Purpose.REPLENISH
    note: Note = ""
    expected_on: date | None = None


class SendTransfer(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Say that goods have left their source.

    Args:
        transfer: its number or id.
        lines: what left; all that is still to be sent when empty.
        rest_follows: what was asked for and has not left stays held; else it is given up.
        expected_on: day from which they can be promised at the destination; as before when absent.
        occurred_at: when they left; now when absent.
    """

    transfer: Named
    lines: Annotated[tuple[ArticleUnits, ...], Meta(max_length=LINES_MAX)] = ()
    rest_follows: bool = True
    expected_on: date | None = None
    occurred_at: datetime | None = None


class ReceiveTransfer(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Say that goods have arrived.

    Args:
        transfer: its number or id.
        lines: what arrived; all that is on its way when empty.
        occurred_at: when they arrived; now when absent.
    """

    transfer: Named
    lines: Annotated[tuple[ArrivedArticle, ...], Meta(max_length=LINES_MAX)] = ()
    occurred_at: datetime | None = None


class CancelTransfer(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Take back what has not been sent yet."""

    transfer: Named
    note: Note = ""


class CloseTransfer(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Say that the rest will neither be sent nor come: the difference is a loss or a gain.

    Args:
        transfer: its number or id.
        code: why.
        note: the same in words, kept in the audit journal.
    """

    transfer: Named
    code: Difference
    note: Note = ""
