"""What Crosslane asks of a carrier, whatever it is."""

from collections.abc import Mapping
from typing import Protocol

from msgspec import Struct

from crosslane.carriers.domain.shipment import Consignment, Label, TrackingEvent


class CarrierSettings(Struct, frozen=True):
    """How one carrier is reached.

    Args:
        code: the carrier.
        endpoint: URL of its interface, "" when it needs none.
        api_key: secret that shows who asks, "" when it needs none.
    """

    code: str
    endpoint: str = ""
    api_key: str = ""


class AnswerUnknown(Exception):
    """Nobody can tell now whether it was done; ask again later, with the same key.

    Args:
        reason: what was seen instead of an answer; no personal data.
        after_seconds: when the carrier wishes to be asked again, None when it does not say.
    """

    def __init__(self, reason: str, after_seconds: float | None = None) -> None:
        super().__init__(reason)
        self.after_seconds = after_seconds


class CarrierRefused(Exception):
    """The carrier will not do it, however often it is asked.

    Args:
        reason: a short code; no personal data.
    """


class CarrierPort(Protocol):
    """A connection to one carrier. Every key names one label for ever."""

    def __init__(self, settings: CarrierSettings) -> None: ...

    async def create_label(self, key: str, consignment: Consignment) -> Label:
        """Have a parcel numbered and labelled; asked again with a key, the answer is the same.

        Raises:
            AnswerUnknown: there was no clear answer.
            CarrierRefused: it will not carry this parcel.
        """
        ...

    async def did_it_happen(self, key: str) -> Label | None:
        """Return the label made under a key; None when the wish never arrived.

        Raises:
            AnswerUnknown: there was no clear answer.
        """
        ...

    async def void_label(self, key: str) -> None:
        """Give a label back unused; one that is void already stays so.

        Raises:
            AnswerUnknown: there was no clear answer.
            CarrierRefused: the parcel is on its way already.
        """
        ...

    def read_events(self, headers: Mapping[str, str], body: bytes) -> list[TrackingEvent]:
        """Return the tracking events in an inbound message.

        Raises:
            BadTrackingMessage: it cannot be understood.
        """
        ...
