"""Families of our own: a text that is read whole, whose sender counts versions."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, BinaryIO

from crosslane.channels.adapters.family import RECORD_BYTES_MAX, Context, Family, Reading
from crosslane.channels.adapters.port import decode_text
from crosslane.channels.errors import TextTooLarge

Parse = Callable[[str, Context], Sequence[Reading]]


def text_family(
    name: str, media_types: tuple[str, ...], brings: frozenset[str], parse: Parse, **how: Any
) -> Family:
    """Return a family whose streams are texts.

    Args:
        name: of the family.
        media_types: in which it may be sent, the usual one first.
        brings: kinds of canonical messages it can bring.
        parse: takes a text apart; raises a Refusal when it is none of this format at all.
        how: what else is to be said of the family.
    """

    def read(stream: BinaryIO, context: Context) -> Iterator[Reading]:
        raw = stream.read(RECORD_BYTES_MAX + 1)
        if len(raw) > RECORD_BYTES_MAX:
            raise TextTooLarge(most=RECORD_BYTES_MAX >> 20)
        yield from parse(decode_text(raw, context.encoding or "utf-8"), context)

    return Family(name=name, media_types=media_types, brings=brings, read=read, counts=True, **how)
