"""Writing a message out: its story in the customer's language, as text and as HTML.

The HTML is one MJML template, turned into HTML for mail programs once per process; what it shows is
filled in by Jinja afterwards. Words are in ``templates/words.<language>.json``.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from email.utils import format_datetime
from functools import lru_cache
from importlib.resources import files
from zoneinfo import ZoneInfo

import mrml
import msgspec
from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_time
from babel.numbers import format_currency, format_decimal
from jinja2 import Environment, StrictUndefined, Template

from crosslane.engagement.domain import message_id
from crosslane.engagement.service.mime import mailbox, unstructured, write_mime
from crosslane.engagement.storage import Message
from crosslane.kernel import currency_exponent

TEMPLATES = files("crosslane.engagement") / "templates"
LANGUAGES = ("en", "de")
# Prices, quantities and days come again and again; writing one out takes longer than all the rest.
FIGURES_KEPT_MAX = 10_000


class Letter(msgspec.Struct, frozen=True):
    """A message with everything needed to put it in an envelope.

    Args:
        message: what it tells.
        first_cause: what the conversation about the order began with.
        email: whom it goes to.
        name: how they are called.
        address: lines of where goods go, without the name.
        link: address of the order's page.
        tenant: whose message it is.
        sender: address it comes from.
    """

    message: Message
    first_cause: str
    email: str
    name: str
    address: list[str]
    link: str
    tenant: str
    sender: str


def write_email(letter: Letter) -> bytes:
    """Return the finished e-mail; the same letter gives the same one."""
    message, story = letter.message, letter.message.story
    locale = locale_of(message.locale)
    told = _told(letter, locale, words_in(locale.language))
    domain = letter.sender.rpartition("@")[2]
    headers = [
        ("Subject", unstructured(told["subject"])),
        ("From", mailbox(story.brand, letter.sender)),
        ("To", mailbox(letter.name, letter.email)),
        ("Date", format_datetime(message.requested_at)),
        ("Message-ID", message_id(letter.tenant, message.cause, domain)),
        # Absence notices and other robots must not answer.
        ("Auto-Submitted", "auto-generated"),
        ("Content-Language", locale.language),
    ]
    if message.cause != letter.first_cause:
        headers.append(("References", message_id(letter.tenant, letter.first_cause, domain)))
    return write_mime(
        headers, _template("message.txt").render(told), _template("message.mjml").render(told)
    )


def shows_address(message: Message) -> bool:
    """Tell whether a message says where goods go."""
    return message.topic in ("confirmed", "shipped", "exchange_sent")


@lru_cache
def locale_of(text: str) -> Locale:
    """Return the locale of a BCP 47 tag, with a language we have words in; else English."""
    try:
        locale = Locale.parse(text, sep="-")
    except (ValueError, UnknownLocaleError):
        return Locale("en")
    return locale if locale.language in LANGUAGES else Locale("en")


@lru_cache
def words_in(language: str) -> Mapping[str, Mapping[str, str]]:
    """Return the words of messages in a language, by topic and name."""
    text = (TEMPLATES / f"words.{language}.json").read_text(encoding="utf-8")
    return json.loads(text)


@lru_cache(FIGURES_KEPT_MAX)
def show_money(minor: int, currency: str, locale: Locale) -> str:
    """Return an amount as people of the locale write it."""
    amount = Decimal(minor).scaleb(-currency_exponent(currency))
    return format_currency(amount, currency, locale=locale)


@lru_cache(FIGURES_KEPT_MAX)
def show_day(at: datetime, timezone: str, locale: Locale) -> str:
    """Return the day of an instant in a zone, with weekday."""
    return format_date(at.astimezone(ZoneInfo(timezone)), "full", locale=locale)


def show_moment(at: datetime, now: datetime, timezone: str, locale: Locale) -> str:
    """Return the time of day of an instant in a zone, with its day unless that is today's."""
    zone = ZoneInfo(timezone)
    time = format_time(at.astimezone(zone), "short", locale=locale)
    if at.astimezone(zone).date() == now.astimezone(zone).date():
        return time
    return f"{show_day(at, timezone, locale)}, {time}"


@lru_cache(FIGURES_KEPT_MAX)
def _show_quantity(quantity: int, locale: Locale) -> str:
    return format_decimal(quantity, locale=locale)


def _told(letter: Letter, locale: Locale, words: Mapping[str, Mapping[str, str]]) -> dict:
    message, story = letter.message, letter.message.story
    named = {
        "number": story.number,
        "return_number": story.return_number,
        "brand": story.brand,
        "name": letter.name,
    }
    own, common = words[message.topic], words["common"]

    def money(minor: int) -> str:
        return show_money(minor, story.currency, locale)

    if message.topic == "cancelled" and not story.whole:
        own = words["partly_cancelled"]
    if message.topic == "refunded" and story.is_claim:
        own = words["claim_settled"]
    special = "lead_dated" if message.topic == "delayed" and story.promised_at else "lead_waiting"
    lead = own.get(special, own["lead"]) if story.waits_for_stock else own["lead"]
    lead = own.get(f"lead_{story.refund_to or story.return_method}", lead)
    return {
        "subject": own["subject"].format(**named),
        "headline": own["headline"].format(**named),
        "greeting": (common["greeting"] if letter.name else common["greeting_all"]).format(**named),
        "lead": lead.format(**named),
        "list_title": own["list_title"],
        "brand": story.brand,
        "language": locale.language,
        "number": story.number,
        "words": common,
        "lines": [
            (
                _show_quantity(line.quantity, locale),
                line.title,
                line.sku,
                "" if line.gross_minor is None else money(line.gross_minor),
            )
            for line in story.lines
        ],
        "charges": [
            (words["charges"][charge.kind], money(charge.gross_minor)) for charge in story.charges
        ],
        "total_title": own.get("total", common["total"]),
        "see": common["see_return" if story.return_number else "see_order"],
        "until": show_day(story.return_until, story.timezone, locale) if story.return_until else "",
        "return_number": story.return_number,
        "total": "" if story.gross_minor is None else money(story.gross_minor),
        "tax": money(story.tax_minor) if story.tax_minor else "",
        "promised": show_day(story.promised_at, story.timezone, locale)
        if story.promised_at
        and message.topic in ("confirmed", "shipped", "exchange_sent", "delayed")
        else "",
        "changeable": common["changeable"].format(
            until=show_moment(story.changeable_until, message.requested_at, story.timezone, locale)
        )
        if story.changeable_until and message.topic == "confirmed"
        else "",
        "tracking_number": story.tracking_number,
        "tracking_url": story.tracking_url,
        "store": story.store,
        "pickup_code": story.pickup_code,
        "reason": story.reason,
        "address": letter.address if shows_address(message) else [],
        "link": letter.link,
    }


@lru_cache
def _template(name: str) -> Template:
    text = (TEMPLATES / name).read_text(encoding="utf-8")
    is_html = name.endswith(".mjml")
    environment = Environment(
        autoescape=is_html,  # noqa: S701 - plain text has nothing to escape
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    if is_html:
        # Short lines may leave as they are; within a tag a line break means nothing.
        text = mrml.to_html(text).content.replace(' style="', '\nstyle="')
    return environment.from_string(text)
