"""How the systems of channels are connected; secrets rest concealed."""

import msgspec

from crosslane.channels.domain.connection import Connection
from crosslane.channels.domain.exchange import Files
from crosslane.platform.database import Tx
from crosslane.platform.seals import conceal, reveal

CONNECTIONS_MAX = 1_000
PURPOSE = "channels.connection"

LIST_CONNECTIONS = """
select channel, format, account, secret, former_secret, former_until, services, locations, active,
       base_url, token, settings, delivery, files
from channels_connection order by channel limit $1
"""


async def list_connections(tx: Tx) -> dict[str, Connection]:
    """Return every connection by the code of its channel."""
    rows = await tx.fetch(LIST_CONNECTIONS, CONNECTIONS_MAX)
    return {
        row["channel"]: Connection(
            **{
                **dict(row),
                "secret": _shown(row["secret"]),
                "former_secret": _shown(row["former_secret"]),
                "services": msgspec.json.decode(row["services"]),
                "locations": msgspec.json.decode(row["locations"]),
                "token": _shown(row["token"]),
                "settings": msgspec.json.decode(row["settings"]),
                "files": msgspec.json.decode(row["files"], type=Files),
            }
        )
        for row in rows
    }


SAVE_CONNECTION = """
insert into channels_connection (
    channel, format, account, secret, former_secret, former_until, services, locations, active,
    base_url, token, settings, delivery, files
) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
on conflict (channel) do update set format = excluded.format, account = excluded.account,
    secret = excluded.secret, former_secret = excluded.former_secret,
    former_until = excluded.former_until, services = excluded.services,
    locations = excluded.locations, active = excluded.active, base_url = excluded.base_url,
    token = excluded.token, settings = excluded.settings, delivery = excluded.delivery,
    files = excluded.files
"""


async def save_connection(tx: Tx, connection: Connection) -> None:
    """Connect a channel's system, or change how it is connected."""
    await tx.execute(
        SAVE_CONNECTION,
        connection.channel,
        connection.format,
        connection.account,
        _hidden(connection.secret),
        _hidden(connection.former_secret),
        connection.former_until,
        msgspec.json.encode(connection.services),
        msgspec.json.encode(connection.locations),
        connection.active,
        connection.base_url,
        _hidden(connection.token),
        msgspec.json.encode(connection.settings),
        connection.delivery,
        msgspec.json.encode(connection.files),
    )


def _hidden(secret: str) -> str:
    return conceal(PURPOSE, secret) if secret else ""


def _shown(concealed: str) -> str:
    return reveal(PURPOSE, concealed) if concealed else ""
