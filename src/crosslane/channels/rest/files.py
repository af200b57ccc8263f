"""Files over HTTP: laid into the folder of a channel, from where they are taken."""

from functools import partial
from typing import Annotated

import msgspec

from crosslane import organization
from crosslane.channels import errors
from crosslane.channels.domain.exchange import NAME_CHARACTERS_MAX
from crosslane.channels.service.laying import (
    LAID_BYTES_MAX,
    LAY,
    Laid,
    lay_arriving,
    require_folder,
)
from crosslane.platform.web import Arriving, Caller, OtherLocation, post

FileName = Annotated[str, msgspec.Meta(min_length=1, max_length=NAME_CHARACTERS_MAX)]


@post(
    "/api/v1/channels/{code}/files",
    permission="channels:submit",
    command=LAY,
    status=202,
    consumes="application/octet-stream",
    body_bytes_max=LAID_BYTES_MAX,
    instead="lay the file into the channel's folder itself, or send it in parts",
    raises=(
        organization.UnknownChannel,
        errors.NoFolder,
        errors.NoExchange,
        errors.FolderUnusable,
        errors.FileNameUnsafe,
        errors.FileWaits,
        errors.NothingSent,
        OtherLocation,
    ),
)
async def lay_file(caller: Caller, data: Arriving, code: str, file_name: FileName) -> Laid:
    """Lay a file into the folder of a channel, however large it is.

    From there it is taken piece by piece, as any file of the folder: by the format of the channel's
    connection and the mapping of its name. Nothing stays of one that is cut off, and the same file
    sent again changes nothing. Its batches tell what became of it, the channel's standing that
    nobody could read it.
    """
    caller.require_unbound()
    async with caller.read() as tx:
        await require_folder(tx, code, file_name)
    return await lay_arriving(caller.tenant, code, file_name, data, partial(caller.submit, LAY))


ROUTES = [lay_file]
