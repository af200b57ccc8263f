"""Channels: what the world outside says, taken in once and applied once, in any order.

Nouns: a :class:`Family` reads one format; a batch is a body that was sent; a record is a piece of
it as received, with what stood around it; a message is one thing a record says, a part of it, in
our words (``domain/messages.py``: Order, Amendment, Cancellation, PaymentEvent, ReturnEvent,
SupplySnapshot, SupplyDelta, Sale, Void; ``domain/reports.py``: FulfillmentEvent, MoneyEvent,
ContactEvent, ProductPatch, PricePatch, Notice); a standing is how far a channel has told of one of
its orders, shipments, payments, people or articles; a connection says how its system is connected:
its format, its secrets, our words for its services and locations.

Way: raw, canonical, applied. ``channels.receive`` keeps every record and announces what is new;
the reaction ``channels.apply`` does what they say through the doors of other modules, 64 at a time,
each once. States: received (waits to be applied), applied, parked (its order or line has not come
yet, or goods that somebody has to work on first; what it waits for wakes it; quarantined after 14
days), quarantined (somebody has to mend or answer something; code, detail and pointer into the
record say what), repeated (known already), outdated (newer ones have said all of it), replaced (a
corrected record took its place, or its record does not say it any more), voided (the till took it
back), kept (understood, and nothing of ours is to be done; the code says why). What is quarantined
for want of what another message may bring is done once that has come. ``channels.replay`` reads the
records of quarantined and parked messages anew, some or all of one reason; ``channels.decline``
keeps them undone for good.

The same set of messages in any order, any number of times, ends in the same state: deduplicated by
channel, kind, source id and version; of an order each register (units and price of a line, address)
keeps what the highest version said; a cancellation is final; supply is sorted by its instants. A
sale of a till is a fact: it is recorded beyond stock, at the till's price, and an article nobody
has told of is put into the catalog, not on sale. A basket with goods that came back is an order and
returns, both or neither, its net money shared over them; goods of a sale nobody has told of wait
for it, for 14 days. A void of an earlier batch takes the basket back. Of a return a channel tells
that it is asked for (a wish), that goods arrived and that it gave the money itself (facts). A till
batch whose totals are wrong is kept whole and believed in nothing. A shipment is as far as the
furthest thing told of it; what leaves is picked, packed and handed over by fulfillment's own doors.
Of an order's money the channel's sums stand: the tenders of a marketplace are brought to what it
took less what it gave, and what a cancellation has given back already is not given twice. Of people
and articles each field keeps what the highest version said; articles and prices only where the
policy makes the channel their master; what it calls them and their stock is its own to say, and
what it tells by such a name waits until that was told. A request about somebody's data waits,
quarantined, for a person.

An order for several places comes in parts, an order for each: what names the whole is done at the
parts it is about, found by place, line or article (``service/parts.py``). What ends it also ends
parts that come later; all else waits for all parts. What could be of several is quarantined.

Talking back: what happens to an order of a channel is said to it in the same words, kept in the
transaction in which a reaction sees it (``service/saying``), in the order in which it came about.
The effect ``channels.tell`` has the family make calls or documents of it, in turns: one worker at a
time speaks to a channel, as fast as it may be called, and what it tells is fixed when the turn is
asked for, so a worker that dies in between tells nothing twice where keys are known. What a channel
has told of itself is not told back. States: waiting, told, needless (it knew), refused, unsupported
(it has no way to be told; the work-around is named), failed, superseded, erased;
``channels.resend`` tells again. A channel that is away or asks for patience costs its messages no
try. Policy ``channels.telling`` withholds kinds.

Offers: a channel is told what it may sell, less than could be promised and never more, and what
that costs, by the policy ``channels.offering``. Reactions mark what has moved, a moment later a run
looks at it and says what the channel does not stand at (``service/offers.py``); a figure is worked
out once more as its turn is prepared. All is told when a channel is connected, and stock again once
a day. What such a channel says that it has is no fact but is compared with what it was told.

Asking: what a channel does not tell by itself is fetched. The effect ``channels.fetch`` has the
family ask for a page from its cursor on; records and cursor are saved together, so a page that is
lost is asked for again. Schedule ``channels.fetch`` begins with whoever was connected since.

Files: of a channel whose delivery is ``folder`` the effect ``channels.exchange`` takes what lies in
its folder, and writes its documents there (``service/exchanging.py``). A file is known by its
content; what was taken is saved before the file is moved, so a worker that dies loses nothing and
takes nothing twice. Who cannot reach the folder lays files into it by a request, however large
(``service/laying.py``).

Deliveries come signed to a channel's webhook, by one of two secrets while one is changed, and are
known by their sender's name of them before they are read.

Senders who count no versions tell instants: of two things said at one instant their content decides
which is later, so the order of arrival never does.

Invariants: a record is at least one message, each in one state; one message stands for each
identity; an applied order or sale names its order, a basket its first return, applied supply its
supply message, a contact its customer, a patch its variant; of the money of an order the books keep
no more than the channel has left; a batch has as many records as it says, and a delivery is one
batch. A channel that has something to be told has a turn open; what is said of one subject is told
in its order; what was told names its document where it lies in one. An offer that is being told is
in a message that waits; what a channel stands at it was told, or said itself.

Personal: what was received and its canonical form, what was told and the documents made of it;
blanked when a person is erased, removed after 400 days. Whoever may submit acts within the
channel's policies, so prices are dictated only where ``pricing.price_source`` lets the channel.

Events: MessageReceived, MessageQuarantined, UnknownArticleSold, MessageNotTold.
Facts: ``channels.connections``, ``channels.mappings``. Policies: channels.mastery,
channels.telling, channels.offering, channels.packs. Effects: ``channels.tell``, ``channels.fetch``,
``channels.exchange``, ``channels.offer``.
Tables: channels_batch, channels_message, channels_raw (journal), channels_order, channels_told,
channels_mapping, channels_connection, channels_cursor, channels_article, channels_outgoing,
channels_pace, channels_document, channels_file, channels_known, channels_offer, channels_offering.
"""

from crosslane.channels.adapters import (
    FAMILIES,
    Answer,
    Call,
    Context,
    Document,
    Envelope,
    Family,
    Fault,
    Outcome,
    Outgoing,
    Reading,
    Talk,
    family_of,
)
from crosslane.channels.adapters.port import BODY_BYTES_MAX
from crosslane.channels.domain.exchange import safe_name
from crosslane.channels.domain.folding import Fold, Heard, digest_of, heard
from crosslane.channels.domain.mapping import Column, TableMapping
from crosslane.channels.domain.messages import Outbound
from crosslane.channels.domain.offering import OFFERING, Offering
from crosslane.channels.domain.outgoing import State as OutgoingState
from crosslane.channels.domain.packs import PACKS, Pack, Packs
from crosslane.channels.domain.policy import MASTERY, TELLING, Mastery, Telling
from crosslane.channels.errors import NoSuchMessage
from crosslane.channels.events import (
    MessageNotTold,
    MessageQuarantined,
    MessageReceived,
    UnknownArticleSold,
)
from crosslane.channels.reactions import EFFECTS, REACTIONS, SCHEDULES
from crosslane.channels.rest import ROUTES
from crosslane.channels.service.agreed import agreed_with
from crosslane.channels.service.connecting import (
    ConnectionView,
    PutConnection,
    connection_of,
)
from crosslane.channels.service.declining import DECLINE, Decline, Declined
from crosslane.channels.service.deliveries import DELIVERIES, Delivery
from crosslane.channels.service.folder import use_root as use_exchange
from crosslane.channels.service.intake import (
    DELIMITERS,
    RECEIVE,
    Receive,
    Received,
    read_aside,
    read_body,
)
from crosslane.channels.service.joining import CONNECT
from crosslane.channels.service.laying import (
    LAID_BYTES_MAX,
    LAY,
    Laid,
    lay_arriving,
    list_folders,
    require_folder,
)
from crosslane.channels.service.mapping import (
    MAP,
    MappingView,
    PutMapping,
    list_mappings,
    mapping_of,
)
from crosslane.channels.service.offer_standing import (
    Compared,
    OfferStanding,
    compare_offers,
    list_offer_standings,
)
from crosslane.channels.service.offer_views import (
    TELL_ALL,
    TellAll,
    TellingAll,
    Why,
    explain,
    list_offers,
)
from crosslane.channels.service.outgoing import (
    RESEND,
    ChannelStanding,
    OutgoingTrace,
    OutgoingView,
    Resend,
    Resent,
    list_outgoing,
    list_standings,
    told,
)
from crosslane.channels.service.personal import ERASERS
from crosslane.channels.service.previewing import Preview, look_at, previewed
from crosslane.channels.service.reading import (
    BatchView,
    MessageTrace,
    MessageView,
    batch,
    list_batches,
    list_messages,
    list_reasons,
    message,
)
from crosslane.channels.service.replaying import REPLAY, Replay, Replayed
from crosslane.channels.storage import (
    PERSONAL_COLUMNS,
    RAW_RETENTION_DAYS,
    TOLD_RETENTION_DAYS,
)
from crosslane.channels.storage.messages import State, count_quarantined
from crosslane.channels.storage.offers import Sort as OfferKind
from crosslane.channels.storage.offers import State as OfferState
from crosslane.channels.storage.views import Reason

COMMANDS = [RECEIVE, REPLAY, DECLINE, CONNECT, MAP, RESEND, TELL_ALL, LAY]
POLICIES = [MASTERY, TELLING, OFFERING, PACKS]

__all__ = [
    "BODY_BYTES_MAX",
    "COMMANDS",
    "CONNECT",
    "DECLINE",
    "DELIMITERS",
    "DELIVERIES",
    "EFFECTS",
    "ERASERS",
    "FAMILIES",
    "LAID_BYTES_MAX",
    "LAY",
    "MAP",
    "MASTERY",
    "OFFERING",
    "PACKS",
    "PERSONAL_COLUMNS",
    "POLICIES",
    "RAW_RETENTION_DAYS",
    "REACTIONS",
    "RECEIVE",
    "REPLAY",
    "RESEND",
    "ROUTES",
    "SCHEDULES",
    "TELLING",
    "TELL_ALL",
    "TOLD_RETENTION_DAYS",
    "Answer",
    "BatchView",
    "Call",
    "ChannelStanding",
    "Column",
    "Compared",
    "ConnectionView",
    "Context",
    "Decline",
    "Declined",
    "Delivery",
    "Document",
    "Envelope",
    "Family",
    "Fault",
    "Fold",
    "Heard",
    "Laid",
    "MappingView",
    "Mastery",
    "MessageNotTold",
    "MessageQuarantined",
    "MessageReceived",
    "MessageTrace",
    "MessageView",
    "NoSuchMessage",
    "OfferKind",
    "OfferStanding",
    "OfferState",
    "Offering",
    "Outbound",
    "Outcome",
    "Outgoing",
    "OutgoingState",
    "OutgoingTrace",
    "OutgoingView",
    "Pack",
    "Packs",
    "Preview",
    "PutConnection",
    "PutMapping",
    "Reading",
    "Reason",
    "Receive",
    "Received",
    "Replay",
    "Replayed",
    "Resend",
    "Resent",
    "State",
    "TableMapping",
    "Talk",
    "TellAll",
    "Telling",
    "TellingAll",
    "UnknownArticleSold",
    "Why",
    "agreed_with",
    "batch",
    "compare_offers",
    "connection_of",
    "count_quarantined",
    "digest_of",
    "explain",
    "family_of",
    "heard",
    "lay_arriving",
    "list_batches",
    "list_folders",
    "list_mappings",
    "list_messages",
    "list_offer_standings",
    "list_offers",
    "list_outgoing",
    "list_reasons",
    "list_standings",
    "look_at",
    "mapping_of",
    "message",
    "previewed",
    "read_aside",
    "read_body",
    "require_folder",
    "safe_name",
    "told",
    "use_exchange",
]
