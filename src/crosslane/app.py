"""The composition root: the one place that knows every module.

A module joins by one line in MODULES. What it brings is in the lists its front door exports, each
absent when empty: ROUTES, REACTIONS, EFFECTS, SCHEDULES, POLICIES, PERSONAL_COLUMNS, ERASERS,
EXPORTERS.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.resources import files
from importlib.resources.abc import Traversable
from types import ModuleType
from typing import Any

from litestar import Litestar

from crosslane import (
    apps,
    carriers,
    carts,
    catalog,
    channels,
    customers,
    documents,
    engagement,
    finance,
    fulfillment,
    insights,
    inventory,
    ledger,
    locations,
    orders,
    organization,
    payments,
    pricing,
    publishing,
    returns,
    sourcing,
    transfers,
    vendors,
)
from crosslane.apps import design, office, order_page, sign_in, store
from crosslane.platform import (
    auth,
    idempotency,
    operations,
    outbound,
    personal,
    screens,
    seals,
    upkeep,
)
from crosslane.platform.database import PATIENCE_SECONDS, Database
from crosslane.platform.home import CannotStart
from crosslane.platform.lane import Lanes
from crosslane.platform.settings import Settings
from crosslane.platform.telemetry import Log
from crosslane.platform.web import Gate, build_app
from crosslane.platform.worker import Worker

MODULES: tuple[ModuleType, ...] = (
    idempotency,
    upkeep,
    auth,
    operations,
    personal,
    screens,
    organization,
    ledger,
    catalog,
    customers,
    locations,
    carriers,
    payments,
    inventory,
    pricing,
    vendors,
    carts,
    sourcing,
    transfers,
    orders,
    fulfillment,
    returns,
    engagement,
    finance,
    documents,
    channels,
    insights,
    publishing,
    order_page,
    sign_in,
    office,
    store,
    design,
)

log = Log("crosslane.app")


class NoDatabase(CannotStart):
    """There is no DATABASE_URL, and the embedded database is the supervisor's to start."""


def _brought(name: str) -> list[Any]:
    return [item for module in MODULES for item in getattr(module, name, ())]


def _words() -> list[Traversable]:
    """Return the words of refusals; those of an app are its own."""
    folders = [
        files(module) / "words"
        for module in MODULES
        if hasattr(module, "__path__") and not module.__name__.startswith(apps.__name__)
    ]
    return [folder for folder in folders if folder.is_dir()]


ROUTES = _brought("ROUTES")
REACTIONS = _brought("REACTIONS")
EFFECTS = _brought("EFFECTS")
SCHEDULES = _brought("SCHEDULES")
organization.register_policies(_brought("POLICIES"))
organization.register_scope("category", catalog.category_exists)
organization.register_scope("location", locations.location_exists)
operations.register(REACTIONS)
screens.use_words(_words())
personal.register(_brought("PERSONAL_COLUMNS"), _brought("ERASERS"), _brought("EXPORTERS"))


def create_app(settings: Settings) -> Litestar:
    """Make the web application of one process.

    Args:
        settings: what the operator chose, with the address of the database filled in.

    Raises:
        NoDatabase: the settings name no database.
    """
    url = settings.database_url
    if url is None:
        raise NoDatabase
    secret_key = settings.secret_key()
    gate = Gate(secret_key=secret_key)
    seals.use_secret(secret_key)
    outbound.allow(settings.outbound_allow)
    channels.use_exchange(settings.exchange)
    screens.use_tiles(settings.tiles_url)
    channels.FAMILIES.load()

    @asynccontextmanager
    async def opened(app: Litestar) -> AsyncIterator[None]:
        del app
        database = await Database.connect(url, patience_seconds=PATIENCE_SECONDS)
        lanes = Lanes(database)
        gate.open(database, lanes, auth.Identities(database).identify)
        try:
            yield
        finally:
            await gate.standing.close()
            await lanes.drain()
            await database.close()

    return build_app(ROUTES, gate, lifespan=[opened])


def create_worker(database: Database, settings: Settings) -> Worker:
    """Make the worker of one process: reactions, effects and schedules of every module.

    Args:
        database: where the tenants are; the caller closes it after the worker has stopped.
        settings: what the operator chose.
    """
    engagement.use_settings(settings)
    seals.use_secret(settings.secret_key())
    outbound.allow(settings.outbound_allow)
    channels.use_exchange(settings.exchange)
    channels.FAMILIES.load()

    def failed(tenant: str, error: BaseException) -> None:
        log.error("a round of work failed", error, of_tenant=tenant)

    return Worker(database, REACTIONS, EFFECTS, SCHEDULES, failed=failed)
