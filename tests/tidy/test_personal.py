"""Personal data rests only in columns that are declared, so that an erasure finds all of it."""

import re
from collections.abc import Iterator
from fnmatch import fnmatch

from tests.tidy.test_migrations import sql_files, statements
from tests.tidy.tree import Tree

import crosslane.app  # registers what every module declares  # noqa: F401
from crosslane.platform import personal

CREATED = re.compile(r"create table (\w+) \((.*?)\n\)", re.S | re.I)
COLUMN = re.compile(r"^\s+(\w+)\s+(text(?:\[\])?|jsonb?|bytea)\b", re.M | re.I)
# What may hold anything is suspicious by type, the rest by name.
SHAPELESS = {"jsonb", "json", "bytea"}
NAMED = re.compile(
    r"name|mail|phone|street|address|^lines?$|city|postcode|recipient|birth|note|comment|words|"
    r"reason|actor|author|subject|body|raw|content|message"
)
# Columns that look as if they held personal data and do not, with the reason.
INNOCENT = {
    "*.digest": "a fingerprint",
    "*.actor": "a kind and an id",
    "*.author": "a kind and an id",
    "platform_log*.subject": "a noun and an id",
    "platform_backlog.subject": "a noun and an id",
    "platform_audit.subject": "a noun and an id",
    "platform_api_key.name": "what the key is for",
    "platform_device.name": "what a device is called",
    "platform_identity_provider.name": "a company",
    "organization_entity.name": "a company",
    "organization_entity.address": "a company's",
    "organization_brand.name": "a brand",
    "organization_market.name": "a country or region",
    "organization_channel.name": "a channel",
    "organization_policy.value": "a rule of the retailer",
    "organization_policy.reason": "why the retailer set a rule",
    "catalog_variant.options": "colour, size and the like",
    "catalog_text.text": "texts about goods",
    "catalog_picture_file.content": "pictures of goods",
    "catalog_picture.alt": "what a picture of goods shows, in words",
    "catalog_picture.source": "where a picture of goods was fetched from",
    "catalog_picture.reason": "why a picture could not be fetched, by our own words",
    "locations_location.*": "places of business",
    "carriers_carrier.name": "a company",
    "carriers_zone.name": "a part of the world",
    "carriers_service.name": "a product of a carrier",
    "ledger_account.name": "an account of the books",
    "inventory_*.message": "the number of a message",
    "inventory_*_message": "the number of a message",
    "inventory_feed_message.*": "numbers and fingerprints of messages",
    "inventory_movement.reason": "one of a list",
    "sourcing_receipt.body": "articles, locations and costs",
    "channels_order.part_of": "the number of an order",
    "channels_order.standing": "names, versions and prices of lines",
    "channels_connection.services": "our names and theirs",
    "channels_connection.locations": "our names and theirs",
    "channels_connection.files": "names of files by their patterns",
    "channels_connection.settings": "how a channel's system is talked to",
    "channels_outgoing.subject": "a noun and the channel's own number",
    "channels_known.subject": "a noun and the channel's own number",
    "channels_known.name": "a noun and an id",
    "channels_document.name": "a channel's code and a number",
    "channels_told.standing": "versions, amounts and ids; the channel's own numbers",
    "channels_mapping.*": "names of columns and of our values",
    "channels_article.name": "what a channel calls an article",
    "channels_offer.*": "units, prices, ids of tellings",
    "payments_account.code_hash": "a keyed digest",
    "payments_message.message_id": "the number of a message",
    "payments_message.body": "key, reference and state; the rest of a message is not kept",
    "payments_operation.reason": "what a provider or the connection said",
    "payments_payment.reason": "what a provider or the connection said",
    "publishing_*.subject": "a noun and an id",
    "publishing_attempt.reason": "what the connection said, or a status",
    "vendors_vendor.message_secret": "a key of the retailer",
    "vendors_order.delivery_reason": "a code the vendor gave, or what the connection said",
    "vendors_message.message_id": "the number of a message",
    "finance_close.rows": "control figures",
    "finance_close.reason": "why the retailer accepts a difference",
    "returns_line.reason": "one of a list",
    "returns_return.exchange_wish": "articles, units and stores",
    "returns_trait.units": "articles and units",
    "returns_finding.reasons": "names of a list, points and figures",
    "orders_line.price_reasons": "lists, promotions and taxes",
    "orders_amendment.lines": "articles, units and money",
    "carts_operation.change": "articles and ways; buyer and address are identifiers",
    "orders_money_problem.reason": "what a provider or the connection said",
    "orders_barred.reason": "one of a list",
    "orders_reoptimisation.aside": "reasons of a list, counted",
    "orders_reoptimisation.reason": "what an error said of arrays",
}


def suspicious(tree: Tree) -> Iterator[str]:
    """Yield the columns that could hold personal data, as table.column."""
    for path in sql_files(tree):
        for table, inside in CREATED.findall(statements(path)):
            for column, kind in COLUMN.findall(inside):
                if kind.lower() in SHAPELESS or NAMED.search(column):
                    yield f"{table}.{column}"


def undeclared(tree: Tree, declared: set[str]) -> list[str]:
    """Columns that could hold personal data and of which nobody says whether they do."""
    return [
        f"{column}: declare it in PERSONAL_COLUMNS, or say in INNOCENT why it is not personal"
        for column in suspicious(tree)
        if column not in declared and not any(fnmatch(column, known) for known in INNOCENT)
    ]


def declared_columns() -> set[str]:
    return {f"{column.table}.{column.column}" for column in personal.registered()[0]}


def test_personal_columns_are_declared(tree):
    assert undeclared(tree, declared_columns()) == []


async def test_declared_columns_exist(tx):
    rows = await tx.fetch(
        "select table_name || '.' || column_name as column from information_schema.columns "
        "where table_schema = current_schema()"
    )
    assert declared_columns() - {row["column"] for row in rows} == set()


def test_an_undeclared_column_bites(planted):
    tree = planted(kernel__money="")
    folder = tree.root / "src/crosslane/migrations"
    folder.mkdir(parents=True)
    (folder / "0110_orders.sql").write_text(
        "create table orders_contact (\n    id uuid primary key,\n    email text not null,\n"
        "    wish jsonb,\n    stage text not null,\n    actor text\n);"
    )
    assert [line.partition(":")[0] for line in undeclared(tree, {"orders_contact.wish"})] == [
        "orders_contact.email"
    ]
    assert len(undeclared(tree, set())) == 2
