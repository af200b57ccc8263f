"""From a handler's signature to its arguments: what each parameter means and how it is read."""

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints
from urllib.parse import parse_qsl

import msgspec
from litestar import Request

from crosslane.kernel import (
    CURSOR_BYTES_MAX,
    PAGE_ITEMS_DEFAULT,
    PAGE_ITEMS_MAX,
    BadCursor,
    Page,
    UnsafeText,
    decode_cursor,
    encode_cursor,
    require_safe_text,
)
from crosslane.platform.tokens import Link
from crosslane.platform.web import errors
from crosslane.platform.web.moments import fault_of

QUERY_FIELDS_MAX = 100
INT64_MAX = 2**63 - 1

REQUIRED = inspect.Parameter.empty

Version = Annotated[int, "If-Match"]
"""Annotate a parameter with it to receive the version named by ``If-Match``."""

TenantName = Annotated[str, "tenant"]
"""Annotate a parameter of the path with it where the address itself names the tenant, because it
stands in pages and messages of people who are not known."""


class Paging(msgspec.Struct, frozen=True):
    """Which page of a list is asked for: ``limit`` and ``cursor`` of the query."""

    limit: Annotated[
        int, msgspec.Meta(ge=1, le=PAGE_ITEMS_MAX, description="Most items on the page.")
    ] = PAGE_ITEMS_DEFAULT
    cursor: (
        Annotated[
            str,
            msgspec.Meta(
                max_length=CURSOR_BYTES_MAX, description="next_cursor of the page before, if any."
            ),
        ]
        | None
    ) = None

    def after(self, *types: type) -> tuple[Any, ...] | None:
        """Return the sort key of the last row shown, or None on the first page.

        Args:
            types: type of each value of the sort key.

        Raises:
            InvalidQueryParameter: the cursor belongs to another list.
        """
        if self.cursor is None:
            return None
        try:
            key = decode_cursor(self.cursor, *types)
            require_safe_text(key)
        except (BadCursor, UnsafeText):
            reason = "it is of another list; start again without one"
            raise errors.InvalidQueryParameter(name="cursor", reason=reason) from None
        return key

    def page(self, items: Sequence[Any], key: Callable[[Any], tuple[Any, ...]]) -> Page[Any]:
        """Make the page from ``limit + 1`` items, of which the last one only tells of a next page.

        Args:
            items: what was read, in order, at most one more than ``limit``.
            key: sort key of an item, what :meth:`after` gives back.
        """
        shown = list(items[: self.limit])
        more = len(items) > self.limit
        return Page(shown, encode_cursor(*key(shown[-1])) if more else None)


class Field(msgspec.Struct, frozen=True):
    """One value read from path or query.

    Args:
        name: name in the address.
        type: what it is read as.
        default: value when it is absent; REQUIRED when it must be given.
        repeated: several values make a list.
    """

    name: str
    type: Any
    default: Any = REQUIRED
    repeated: bool = False


class Signature(msgspec.Struct, frozen=True, kw_only=True):
    """What a handler takes.

    Args:
        path: fields of the path by parameter name.
        query: fields of the query by parameter name.
        paging: name of the parameter of type Paging, or "".
        version: name of the parameter of type Version, or "".
        version_required: it has no default, so If-Match must be sent.
        link: name of the path parameter of type Link, or "".
        tenant: name of the path parameter of type TenantName, or "".
        caller, request: whether it takes them.
        body: type of ``data``, None when it takes none.
        answer: what it returns.
    """

    path: dict[str, Field]
    query: dict[str, Field]
    paging: str
    version: str
    version_required: bool
    link: str
    tenant: str
    caller: bool
    request: bool
    body: Any
    answer: Any


PAGING_FIELDS = {
    field.name: Field(field.name, field.type, field.default)
    for field in msgspec.structs.fields(Paging)
}


def read_signature(handler: Callable[..., Any], path: str) -> Signature:
    """Work out what a handler takes from its annotations.

    Raises:
        TypeError: a parameter is not annotated, or one in the path is missing.
    """
    hints = get_type_hints(handler, include_extras=True)
    parameters = inspect.signature(handler).parameters
    in_path = re.findall(r"{(\w+)}", path)
    if missing := {*in_path, *parameters, "return"} - {*hints, "caller", "request"}:
        raise TypeError(f"{handler.__qualname__}: {sorted(missing)} need a parameter and a type")
    plain = {n: t for n, t in hints.items() if n not in {"caller", "request", "data", "return"}}
    paging = next((name for name, hint in plain.items() if hint is Paging), "")
    version = next((name for name, hint in plain.items() if _is_version(hint)), "")
    link = next((name for name in in_path if hints[name] is Link), "")
    query = {
        name: _query_field(name, hint, parameters[name].default)
        for name, hint in plain.items()
        if name not in {paging, version, *in_path}
    }
    return Signature(
        path={name: Field(name, hints[name]) for name in in_path if name != link},
        query=query,
        paging=paging,
        version=version,
        version_required=bool(version) and parameters[version].default is REQUIRED,
        link=link,
        tenant=next((name for name in in_path if hints[name] == TenantName), ""),
        caller="caller" in parameters,
        request="request" in parameters,
        body=hints.get("data"),
        answer=hints["return"],
    )


def require_readable(signature: Signature) -> None:
    """Fail at import when a declared type is one that could never be read.

    Raises:
        TypeError: msgspec cannot read the type.
    """
    for field in (*signature.path.values(), *signature.query.values()):
        msgspec.json.Decoder(field.type)
    if signature.body is not None:
        msgspec.json.Decoder(signature.body)


def _is_version(hint: Any) -> bool:
    return hint == Version or Version in get_args(hint)


def _query_field(name: str, hint: Any, default: Any) -> Field:
    return Field(name.rstrip("_"), hint, default, _is_repeated(hint))


def _is_repeated(hint: Any) -> bool:
    origin = get_origin(hint)
    if origin in (Annotated, Union, UnionType):
        return any(_is_repeated(inner) for inner in get_args(hint))
    return origin in (list, tuple, set, frozenset)


def bind_address(signature: Signature, request: Request) -> dict[str, Any]:
    """Read path and query of a request as the handler's arguments.

    Raises:
        NoSuchAddress: a value in the path has not the right form, so nothing can be there.
        UnknownQueryParameter, RepeatedQueryParameter, InvalidQueryParameter,
        MissingQueryParameter: the query is not what the route takes.
    """
    arguments = {
        name: _from_path(field, request.path_params[name]) for name, field in signature.path.items()
    }
    given = read_query(request.scope["query_string"])
    if given:
        known = {field.name for field in signature.query.values()}
        if signature.paging:
            known |= PAGING_FIELDS.keys()
        for name in given:
            if name not in known:
                raise errors.UnknownQueryParameter(name=name[:60])
    for name, field in signature.query.items():
        arguments[name] = _from_query(field, given)
    if signature.paging:
        page = {name: _from_query(field, given) for name, field in PAGING_FIELDS.items()}
        arguments[signature.paging] = Paging(**page)
    return arguments


def read_query(raw: bytes) -> dict[str, list[str]]:
    """Split a query string into values by name.

    Raises:
        MalformedRequest: too many fields.
    """
    if not raw:
        return {}
    given: dict[str, list[str]] = {}
    try:
        pairs = parse_qsl(
            raw.decode("ascii"),
            keep_blank_values=True,
            max_num_fields=QUERY_FIELDS_MAX,
            errors="strict",
        )
    except ValueError:
        raise errors.MalformedRequest(reason="the query cannot be read") from None
    for name, value in pairs:
        given.setdefault(name, []).append(value)
    return given


def _from_path(field: Field, text: str) -> Any:
    try:
        return _convert(text, field.type)
    except msgspec.ValidationError:
        raise errors.NoSuchAddress() from None


def _from_query(field: Field, given: Mapping[str, list[str]]) -> Any:
    values = given.get(field.name)
    if values is None:
        if field.default is REQUIRED:
            raise errors.MissingQueryParameter(name=field.name)
        return field.default
    if len(values) > 1 and not field.repeated:
        raise errors.RepeatedQueryParameter(name=field.name)
    try:
        return _convert(values if field.repeated else values[0], field.type)
    except msgspec.ValidationError as error:
        reason = str(error).partition(" - at ")[0].replace("`", "'")
        raise errors.InvalidQueryParameter(name=field.name, reason=reason) from None


def _convert(given: str | list[str], of: Any) -> Any:
    value = msgspec.convert(given, of, strict=False)
    if isinstance(value, int) and abs(value) > INT64_MAX:
        raise msgspec.ValidationError("Expected an integer of 64 bits")
    if isinstance(value, date) and (fault := fault_of(value)):
        raise msgspec.ValidationError(fault)
    return value
