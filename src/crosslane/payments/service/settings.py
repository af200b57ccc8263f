"""Which providers there are, and who may buy on account."""

from collections.abc import Sequence
from typing import Annotated
from urllib.parse import urlsplit
from uuid import UUID

import msgspec

from crosslane.kernel import Refusal, RowProblem, matching
from crosslane.payments import storage
from crosslane.payments.domain import TENDER_MINOR_MAX, Credit
from crosslane.payments.errors import BadProviderSettings, CreditInUse, NoSuchCredit
from crosslane.payments.provider import ADAPTERS, ProviderSettings
from crosslane.platform import facts, outbound
from crosslane.platform.database import Tx, columns
from crosslane.platform.facts import Fact

CREDITS_PER_IMPORT_MAX = 5_000

Code = Annotated[str, matching("[a-z][a-z0-9_]{0,39}")]
Currency = Annotated[str, matching("[A-Z]{3}")]
Secret = Annotated[str, msgspec.Meta(min_length=1, max_length=400)]


class PutProvider(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Connect a payment provider, or replace the settings of the one with this code.

    Args:
        code: name that tenders carry.
        adapter: which adapter speaks to it.
        base_url: where it is, http or https.
        api_key: secret that shows who asks; never shown again.
        webhook_secret: secret its messages are signed with (``whsec_…``); never shown again.
        active: whether new tenders may use it.
    """

    code: Code
    adapter: Code
    base_url: Annotated[str, msgspec.Meta(max_length=400)]
    api_key: Secret
    webhook_secret: Annotated[str, matching("whsec_[A-Za-z0-9+/]{20,}={0,2}", max_length=400)]
    active: bool = True


class ProviderView(msgspec.Struct, frozen=True):
    """A provider as it is shown: without its secrets."""

    code: str
    adapter: str
    base_url: str
    active: bool


class PutCredit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Let a customer buy on account, or change the terms.

    Args:
        customer_id: who.
        currency: the only one the account is in.
        limit_minor: most minor units that may be open at once.
        terms_days: days from capture until the money is due.
        blocked: accept no new orders on account.
    """

    customer_id: UUID
    currency: Currency
    limit_minor: Annotated[int, msgspec.Meta(ge=0, le=TENDER_MINOR_MAX)]
    terms_days: Annotated[int, msgspec.Meta(ge=0, le=365)] = 30
    blocked: bool = False


class ImportCredits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Credit accounts in bulk; of several rows of one customer the last one stands."""

    rows: Annotated[list[PutCredit], msgspec.Meta(min_length=1, max_length=CREDITS_PER_IMPORT_MAX)]


class CreditsImported(msgspec.Struct, frozen=True):
    """How many rows were saved, and why the others were refused."""

    saved: int
    refused: int
    problems: list[RowProblem]


async def _load(tx: Tx) -> dict[str, ProviderSettings]:
    return await storage.list_providers(tx)


PROVIDERS: Fact[dict[str, ProviderSettings]] = Fact("payments.providers", _load)


async def providers(tx: Tx) -> dict[str, ProviderSettings]:
    """Return every provider's settings by code; from memory when nothing has changed."""
    return await facts.get(tx, PROVIDERS)


async def list_providers(tx: Tx) -> list[ProviderView]:
    """Return every provider without its secrets."""
    return [_view(settings) for settings in (await providers(tx)).values()]


async def put_provider(tx: Tx, wish: PutProvider) -> ProviderView:
    """Connect a provider or replace its settings.

    Raises:
        BadProviderSettings: the adapter is unknown or the address is no http(s) URL.
        PrivateTarget: the address lies inside this network.
    """
    url = urlsplit(wish.base_url)
    if url.scheme not in ("http", "https") or not url.hostname or url.query or url.fragment:
        raise BadProviderSettings(pointer="/base_url")
    outbound.require_public(wish.base_url, pointer="/base_url")
    if wish.adapter not in ADAPTERS:
        raise BadProviderSettings(pointer="/adapter")
    await facts.touch(tx, PROVIDERS.topic)
    settings = ProviderSettings(**msgspec.structs.asdict(wish))
    await storage.upsert_provider(tx, settings)
    return _view(settings)


async def put_credits(tx: Tx, wishes: Sequence[PutCredit]) -> list[Credit | Refusal]:
    """Open credit accounts or change their terms.

    Returns:
        One account per wish, or CreditInUse where money is open in another currency.
    """
    by_customer = {wish.customer_id: wish for wish in wishes}
    names = ("customer_id", "currency", "limit_minor", "terms_days", "blocked")
    stored = await storage.upsert_credits(tx, columns(by_customer.values(), *names))
    return [stored.get(wish.customer_id) or CreditInUse(pointer="/currency") for wish in wishes]


async def import_credits(tx: Tx, wanted: ImportCredits) -> CreditsImported:
    """Open credit accounts and change their terms in bulk; rows that cannot be are told."""
    answers = await put_credits(tx, wanted.rows)
    problems = [
        RowProblem.of(row, answer, at=f"/rows/{row}")
        for row, answer in enumerate(answers)
        if isinstance(answer, Refusal)
    ]
    return CreditsImported(len(answers) - len(problems), len(problems), problems)


async def credit_account(tx: Tx, customer_id: UUID) -> Credit:
    """Return a customer's credit account.

    Raises:
        NoSuchCredit: there is none.
    """
    found = await storage.list_credits(tx, [customer_id])
    if customer_id not in found:
        raise NoSuchCredit(customer_id=customer_id)
    return found[customer_id]


def _view(settings: ProviderSettings) -> ProviderView:
    return ProviderView(settings.code, settings.adapter, settings.base_url, settings.active)
