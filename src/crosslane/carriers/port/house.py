"""The house carrier: labels drawn here, for parcels carried by the retailer's own or any driver."""

import asyncio
from collections.abc import Mapping

from crosslane.carriers.domain.shipment import Consignment, Label, TrackingEvent
from crosslane.carriers.port.messages import read_message
from crosslane.carriers.port.port import CarrierRefused, CarrierSettings
from crosslane.kernel import Refusal


class HouseCarrier:
    """A carrier without an outside: the number is ours, and drawing again draws the same.

    Args:
        settings: only its code is used.
    """

    def __init__(self, settings: CarrierSettings) -> None:
        self.settings = settings

    async def create_label(self, key: str, consignment: Consignment) -> Label:
        """Draw the label."""
        # Drawing takes large libraries, which only who draws should load: web processes do not.
        from crosslane.carriers.port.label import draw_label

        del key
        try:
            document = await asyncio.to_thread(draw_label, consignment)
        except Refusal as refusal:
            raise CarrierRefused(f"{refusal.code} {refusal.pointer}".strip()) from refusal
        return Label(consignment.tracking_number, document)

    async def did_it_happen(self, key: str) -> Label | None:
        """Nothing ever happened elsewhere: drawing again is harmless."""
        del key
        return None

    async def void_label(self, key: str) -> None:
        """Nobody has to be told."""
        del key

    def read_events(self, headers: Mapping[str, str], body: bytes) -> list[TrackingEvent]:
        """Read a message in our own form."""
        del headers
        return read_message(self.settings.code, body)
