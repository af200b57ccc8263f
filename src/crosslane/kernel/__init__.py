"""The words every module shares: money, quantities, identifiers, refusals, time and paging.

Pure values only: the standard library and msgspec, no input or output, no clock, no database.
"""

from crosslane.kernel.errors import (
    Conflict,
    Forbidden,
    Gone,
    Invalid,
    Kind,
    NotFound,
    Refusal,
    Stale,
    Unavailable,
)
from crosslane.kernel.ids import (
    NUMBER_ALPHABET,
    BadOrderNumber,
    check_character,
    new_id,
    new_ids,
    order_number,
    parse_order_number,
)
from crosslane.kernel.money import (
    MILLI_DECIMALS,
    MILLI_PER_MINOR,
    CurrencyMismatch,
    Money,
    allocate,
    currency_exponent,
    line_amount,
    milli_price,
    parse_minor,
    rounded_ratio,
)
from crosslane.kernel.paging import (
    CURSOR_BYTES_MAX,
    PAGE_ITEMS_DEFAULT,
    PAGE_ITEMS_MAX,
    BadCursor,
    Page,
    decode_cursor,
    encode_cursor,
)
from crosslane.kernel.quantity import QUANTITY_MAX, QuantityOutOfRange, require_quantity
from crosslane.kernel.rows import RowProblem
from crosslane.kernel.text import UnsafeText, matching, pointer_step, require_safe_text
from crosslane.kernel.time import (
    BadInstant,
    Instant,
    InstantOutOfRange,
    format_instant,
    minute_of,
    parse_instant,
    require_instant,
)

__all__ = [
    "CURSOR_BYTES_MAX",
    "MILLI_DECIMALS",
    "MILLI_PER_MINOR",
    "NUMBER_ALPHABET",
    "PAGE_ITEMS_DEFAULT",
    "PAGE_ITEMS_MAX",
    "QUANTITY_MAX",
    "BadCursor",
    "BadInstant",
    "BadOrderNumber",
    "Conflict",
    "CurrencyMismatch",
    "Forbidden",
    "Gone",
    "Instant",
    "InstantOutOfRange",
    "Invalid",
    "Kind",
    "Money",
    "NotFound",
    "Page",
    "QuantityOutOfRange",
    "Refusal",
    "RowProblem",
    "Stale",
    "Unavailable",
    "UnsafeText",
    "allocate",
    "check_character",
    "currency_exponent",
    "decode_cursor",
    "encode_cursor",
    "format_instant",
    "line_amount",
    "matching",
    "milli_price",
    "minute_of",
    "new_id",
    "new_ids",
    "order_number",
    "parse_instant",
    "parse_minor",
    "parse_order_number",
    "pointer_step",
    "require_instant",
    "require_quantity",
    "require_safe_text",
    "rounded_ratio",
]
