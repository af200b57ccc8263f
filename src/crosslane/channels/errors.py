"""What channels refuse, and why a message stays behind."""

from crosslane.kernel import Conflict, Invalid, NotFound, Unavailable
from crosslane.platform.web import EdgeRefusal


class UnknownFormat(Invalid):
    """There is no format {format}; known are {known}."""


class WrongMediaType(Invalid):
    """The format {format} is sent as {expected}."""


class UnknownEncoding(Invalid):
    """The encoding must be one of {known}."""


class UnknownDelimiter(Invalid):
    """The delimiter must be one of {known}."""


class NotText(Invalid):
    """The body is not text in {encoding}."""


class NothingSent(Invalid):
    """The body has no record."""


class TooManyRecords(Invalid):
    """A body has at most {most} records; send the rest by itself."""


class TextTooLarge(Invalid):
    """A text of this format has at most {most} MiB; send it in parts."""


class BatchMalformed(Invalid):
    """The batch does not begin as one of this format: {reason}."""


class ColumnMissing(Invalid):
    """The first row must name the column {column}."""


class ColumnUnknown(Invalid):
    """No column is called {column}; known are {known}."""


class MappingUnusable(Invalid):
    """The mapping cannot be used: {reason}."""


class NoSuchMapping(Invalid):
    """The channel {channel} has no mapping {name}; declare it first."""


class TooManyMappings(Conflict):
    """There are {most} mappings already; use one of them for several tables."""


class NoSuchBatch(NotFound):
    """There is no batch {batch}."""


class NoSuchMessage(NotFound):
    """There is no message {message}."""


class RawGone(Conflict):
    """What was received is not kept any more."""


class NotReplayable(Conflict):
    """The message is {state}; only quarantined and parked ones are replayed."""


class NotDeclinable(Conflict):
    """Only what is quarantined and was understood is declined."""


class NotSigned(EdgeRefusal):
    """Nobody may send here who does not sign rightly."""

    status = 401


class SignsNothing(Invalid):
    """Senders of the format {format} do not sign, so there is no secret to know."""


class SettingUnknown(Invalid):
    """The format knows no setting {name}; known are {known}."""


class AddressUnusable(Invalid):
    """The address must be one of http or https, without a login, a query or a fragment."""


class TokenNeeded(Invalid):
    """The token was given for another address; send the token with the new one."""


class NoExchange(Invalid):
    """No files are exchanged here; an operator allows it by CROSSLANE_EXCHANGE."""


class NoFolder(Conflict):
    """No files are exchanged with the channel {channel} by a folder; connect it by one."""


class FolderUnusable(Unavailable):
    """The folder of the channel cannot be used: {reason}."""


class FileNameUnsafe(Invalid):
    """A name has letters, digits, dots, dashes and underscores, and is not that of half a file."""


class FileWaits(Conflict):
    """Another file called {name} waits in the folder; send this one under a name of its own."""


class FileNameUnusable(Invalid):
    """It has to hold {{name}} or {{number}}, and else letters, digits, dots and dashes."""


class TellsNoTables(Invalid):
    """The format {format} has words of its own, and is told nothing by tables."""


class NoSuchOutgoing(NotFound):
    """Nothing with the identifier {outgoing} was to be told."""


class NotResendable(Conflict):
    """It is {state}; only what was refused, has failed, or had no way to be told is told again."""


class NothingToFetch(EdgeRefusal):
    """Nobody may fetch here who does not name the right token."""

    status = 401


class ReplayUnclear(Invalid):
    """Name the messages, or a channel and a reason, not both."""


class MeansUnclear(Conflict):
    """Goods of one sale were given back by several means, and nobody knows which for which."""


class AmountsDiffer(Conflict):
    """{given_minor} minor units were given for goods that {worth_minor} can be given for."""


class GoodsUnknown(Invalid):
    """The order has no line {line}."""


class ArticleUnknown(Invalid):
    """Nobody has said which article {article} is here; say its SKU."""


class UnitsExceeded(Conflict):
    """{units} units of {sku} are told to have gone, {left} are left."""


class WayDiffers(Conflict):
    """Goods that reach their customer by {method} cannot be {step}."""


class DisputeContradicts(Conflict):
    """It says another amount or end of the dispute than is known."""


class NothingOffered(Conflict):
    """The channel {channel} is told of no stock, by its connection or by policy."""


class NotAnEInvoice(Conflict):
    """This document cannot be written as one of EN 16931: {detail}."""
