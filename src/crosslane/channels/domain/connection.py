"""How a channel's system is connected: what it speaks, its secrets, and our words for its own."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

import msgspec

from crosslane.channels.domain.exchange import Files
from crosslane.channels.domain.messages import Amendment, Message, Order

OTHERS = "*"
"""Stands for every service a connection has no word for."""
Delivery = Literal["call", "http", "pull", "folder"]
# Ways documents go that need no address.
FETCHED: tuple[Delivery, ...] = ("pull", "folder")


class Connection(msgspec.Struct, frozen=True, kw_only=True):
    """How the system of a channel is connected.

    Args:
        channel: code of the channel.
        format: which format it speaks.
        account: what it calls itself, such as its shop's domain; "" when it need not say.
        secret: signs what it sends, "" for none; likewise the one before.
        former_until: until when the one before is still good.
        services: our delivery services by its names; ``*`` is for all others.
        locations: codes of our locations by its names.
        active: its webhook is open, and it is told things.
        base_url: where it is called, "" when it is not.
        token: authorises our calls, "" for none.
        settings: what its format needs to know to understand it or tell it something, by name.
        delivery: which way documents go.
        files: which files are exchanged, and by which tables it is told things.
    """

    channel: str
    format: str
    account: str = ""
    secret: str = ""
    former_secret: str = ""
    former_until: datetime | None = None
    services: Mapping[str, str] = {}
    locations: Mapping[str, str] = {}
    active: bool = True
    base_url: str = ""
    token: str = ""
    settings: Mapping[str, str] = {}
    delivery: Delivery = "call"
    files: Files = Files()

    def settings_of(self, format: str) -> Mapping[str, str]:
        """Return what a format needs to know; nothing for one that it does not speak."""
        return self.settings if self.format == format else {}

    @property
    def is_told(self) -> bool:
        """Whether it is told anything."""
        return self.active and (bool(self.base_url) or self.delivery in FETCHED)

    @property
    def has_folder(self) -> bool:
        """Whether files are exchanged with it by a folder."""
        return self.active and self.delivery == "folder"

    def secrets(self, now: datetime) -> list[str]:
        """Return the secrets that are good at an instant."""
        former = self.former_until is not None and now < self.former_until
        return [one for one in (self.secret, self.former_secret if former else "") if one]

    def translated(self, message: Message) -> Message:
        """Return a message with our words for services and locations."""
        told: dict[str, Any] = {}
        if service := getattr(message, "service", ""):
            told["service"] = self.services.get(service, self.services.get(OTHERS, service))
        for name in ("location", "to"):
            if place := getattr(message, name, ""):
                told[name] = self.locations.get(place, place)
        if isinstance(message, Order | Amendment) and any(
            line.store in self.locations for line in message.lines
        ):
            told["lines"] = tuple(
                msgspec.structs.replace(line, store=self.locations.get(line.store, line.store))
                for line in message.lines
            )
        return msgspec.structs.replace(message, **told) if told else message
