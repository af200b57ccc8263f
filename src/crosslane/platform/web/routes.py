"""Declaring routes: a value that says all about itself, and cannot be without a permission."""

import inspect
import re
from collections.abc import Awaitable, Callable
from typing import Any, Literal, get_args, get_origin

import msgspec

from crosslane.kernel import Refusal
from crosslane.platform.lane import CommandKind
from crosslane.platform.standing import Mover
from crosslane.platform.web.answers import Answer
from crosslane.platform.web.binding import Signature, read_signature, require_readable
from crosslane.platform.web.body import BODY_BYTES_MAX, JSON

PUBLIC = "public"
"""The permission of a route that anybody may call, known or not."""

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
Handle = Callable[..., Awaitable[Any]]
_PERMISSION = re.compile(r"[a-z_]+:[a-z_]+")
_PATH = re.compile(r"(/([a-z0-9._-]+|{[a-z_]+}))+|/")


class Route(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """One method of one address.

    Args:
        method: HTTP method; GET answers HEAD too.
        path: whole path with ``{parameters}``.
        permission: ``module:verb``, or PUBLIC.
        handle: the function that answers.
        signature: what it takes and returns.
        command: the kind of command it submits, None when it changes nothing.
        status: HTTP status of a success.
        also: other successful statuses with the type of their body.
        raises: refusals worth naming in the documentation, beyond those every route may give.
        example: a request body that works, as the struct or as plain values.
        returns: the answer to it.
        consumes: media type of the request body.
        also_consumes: other media types it may be sent in, for a body taken as it was sent.
        produces: media type of the answer.
        body_bytes_max: largest request body; likewise what to do with a larger one.
        key_required: an Idempotency-Key must be sent; otherwise one is made when absent.
        tag: group in the documentation, the module's name by default.
        listed: appears in the OpenAPI document.
        moved_by: by what answers move that say how long they stand. They are kept for whoever asks
            the same, so nothing but tenant and address may decide on them.
        optional: people can do without it while the process is busy, such as a search or a report.
    """

    method: Method
    path: str
    permission: str
    handle: Handle
    signature: Signature
    command: CommandKind | None = None
    status: int = 200
    also: dict[int, Any] = {}
    raises: tuple[type[Refusal], ...] = ()
    example: Any = None
    returns: Any = None
    consumes: str = JSON
    also_consumes: tuple[str, ...] = ()
    produces: str = JSON
    body_bytes_max: int = BODY_BYTES_MAX
    instead: str = "send it in parts"
    key_required: bool = False
    tag: str = ""
    listed: bool = True
    moved_by: Mover | None = None
    optional: bool = False

    @property
    def name(self) -> str:
        """Name of the operation: module and handler, such as ``catalog.show_product``."""
        return f"{self.tag}.{self.handle.__name__}"

    @property
    def summary(self) -> str:
        """First line of the handler's docstring."""
        return (inspect.getdoc(self.handle) or "").partition("\n")[0]

    @property
    def description(self) -> str:
        """What follows in the handler's docstring."""
        return (inspect.getdoc(self.handle) or "").partition("\n")[2].strip()


Declare = Callable[[Handle], Route]


def get(path: str, *, permission: str, **told: Any) -> Declare:
    """Declare a read; what else can be told are the fields of :class:`Route`."""
    return _declare("GET", path, permission, None, told)


def post(path: str, *, permission: str, command: CommandKind | None, **told: Any) -> Declare:
    """Declare a request with a body.

    Args:
        path: whole path.
        permission: ``module:verb``, or PUBLIC.
        command: the kind it submits, with an Idempotency-Key that must be sent; None only for a
            question that changes nothing, such as the price of a basket.
        told: other fields of :class:`Route`; a command is answered with 201 unless told otherwise.
    """
    told.setdefault("key_required", command is not None)
    return _declare("POST", path, permission, command, told)


def put(path: str, *, permission: str, command: CommandKind, **told: Any) -> Declare:
    """Declare a replacement."""
    return _declare("PUT", path, permission, command, told)


def patch(path: str, *, permission: str, command: CommandKind, **told: Any) -> Declare:
    """Declare a partial change."""
    return _declare("PATCH", path, permission, command, told)


def delete(path: str, *, permission: str, command: CommandKind, **told: Any) -> Declare:
    """Declare a removal."""
    return _declare("DELETE", path, permission, command, told)


def _declare(
    method: Method, path: str, permission: str, command: CommandKind | None, told: dict[str, Any]
) -> Declare:
    if permission != PUBLIC and not _PERMISSION.fullmatch(permission):
        raise ValueError(f"{path}: a permission is module:verb or PUBLIC, not {permission!r}")
    if not _PATH.fullmatch(path):
        raise ValueError(f"{path}: not a path of lower-case steps and {{parameters}}")

    def declare(handle: Handle) -> Route:
        signature = read_signature(handle, path)
        require_readable(signature)
        usual = 201 if method == "POST" and command else 200
        return Route(
            method=method,
            path=path,
            permission=permission,
            handle=handle,
            signature=signature,
            command=command,
            **{
                "tag": _module_of(handle),
                "status": 204 if body_of(signature.answer) is type(None) else usual,
                **told,
            },
        )

    return declare


def body_of(answer: Any) -> Any:
    """Return the type of the body in what a handler is annotated to return."""
    return get_args(answer)[0] if get_origin(answer) is Answer else answer


def _module_of(handle: Handle) -> str:
    path = handle.__module__.removeprefix("crosslane.")
    return path.removeprefix("platform.").removeprefix("apps.").split(".")[0]
