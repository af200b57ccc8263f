"""What the HTTP edge itself refuses, before or around a module's own refusals.

A refusal of a module gets its status from its kind; one of these says its status itself.
"""

from typing import ClassVar

from crosslane.kernel import Forbidden, Invalid, NotFound, Refusal, Unavailable


class EdgeRefusal(Refusal):
    """The request cannot be taken."""

    status: ClassVar[int] = 400
    headers: ClassVar[dict[str, str]] = {}


class MalformedRequest(EdgeRefusal):
    """The request is not well-formed: {reason}."""


class MalformedJson(EdgeRefusal):
    """The body is not valid JSON: {reason}."""


class JsonTooDeep(EdgeRefusal):
    """The body is nested deeper than {most} levels."""


class DuplicateName(EdgeRefusal):
    """An object of the body names the same field twice."""


class NumberOutOfRange(EdgeRefusal):
    """A number in the body is not finite or does not fit 64 bits."""


class UnknownQueryParameter(EdgeRefusal):
    """There is no query parameter {name} here."""


class RepeatedQueryParameter(EdgeRefusal):
    """The query parameter {name} may be given once only."""


class InvalidQueryParameter(EdgeRefusal):
    """The query parameter {name} is not valid: {reason}."""


class MissingQueryParameter(EdgeRefusal):
    """The query parameter {name} is required."""


class InvalidHeader(EdgeRefusal):
    """The header {name} is not valid: {reason}."""


class IdempotencyKeyMissing(EdgeRefusal):
    """A request that changes something needs an Idempotency-Key header."""


class Unauthenticated(EdgeRefusal):
    """A valid API key or session is needed."""

    status = 401
    headers: ClassVar[dict[str, str]] = {"WWW-Authenticate": "Bearer"}


class NotPermitted(Forbidden):
    """The caller does not hold the permission {permission}."""


class ForeignSite(Forbidden):
    """A browser sent this on behalf of another site."""


class NoSuchAddress(NotFound):
    """There is nothing at this address."""


class MethodNotAllowed(EdgeRefusal):
    """This address does not take {method}; it takes {allowed}."""

    status = 405


class BodyTooLarge(EdgeRefusal):
    """The body is larger than {most_bytes} bytes; {instead}."""

    status = 413


class UriTooLong(EdgeRefusal):
    """The address is longer than {most_bytes} bytes."""

    status = 414


class WrongContentType(EdgeRefusal):
    """The body must be sent as {expected}."""

    status = 415


class InvalidField(Invalid):
    """A field of the body is not valid: {reason}."""


class PreconditionRequired(EdgeRefusal):
    """This change needs an If-Match header with the version it is meant for."""

    status = 428


class TooManyRequests(EdgeRefusal):
    """Too many requests; try again in {retry_after_seconds} seconds."""

    status = 429


class Busy(Unavailable):
    """More requests are under way than this server takes at once; try again shortly."""


class TookTooLong(Unavailable):
    """The request was not finished within {most_seconds} seconds; it may still be carried out."""


class Unexpected(EdgeRefusal):
    """Something went wrong here, not in the request; the trace names it in the logs."""

    status = 500
