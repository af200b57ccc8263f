"""What is told and taken in is as its published schemas say, by a validator of others."""

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crosslane import publishing
from crosslane.publishing import PUBLIC
from crosslane.publishing.domain.catalogue import told
from crosslane.publishing.errors import NoSuchSchema
from tests.publishing.conftest import closed, placed
from tests.tidy.tree import REPOSITORY

CANONICAL = sorted((REPOSITORY / "tests/channels/canonical").rglob("*.jsonl"))
LISTING = REPOSITORY / "docs/reference/events.md"
EVENT = jsonschema_rs.Draft202012Validator(publishing.schema("event.1"), validate_formats=True)


def validator(name: str) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(publishing.schema(name), validate_formats=True)


MESSAGES = {
    name.split(".")[1]: validator(name)
    for name in publishing.schema_names()
    if name.startswith("messages.")
}


def require_fitting(event: dict[str, Any]) -> None:
    """Hold an event against the schemas it names."""
    EVENT.validate(event)
    validator(event["dataschema"].rpartition("/")[2]).validate(event["data"])


@pytest.mark.parametrize("name", publishing.schema_names())
def test_every_schema_is_one(name):
    schema = publishing.schema(name)
    assert schema["$schema"].endswith("2020-12/schema")
    assert jsonschema_rs.meta.is_valid(schema)
    assert schema["$id"] == f"/api/v1/schemas/{name}"


def test_there_are_canonical_messages_of_many_families():
    assert len({file.parent.name for file in CANONICAL}) >= 4


@pytest.mark.parametrize("file", CANONICAL, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_canonical_messages_of_real_files_fit(file: Path):
    for line in file.read_text().splitlines():
        message = json.loads(line)
        if "type" in message:  # others tell why a record says nothing
            MESSAGES[message["type"]].validate(message)


@pytest.mark.parametrize("kind", PUBLIC, ids=lambda kind: kind.name)
@settings(max_examples=5)
@given(chance=st.data())
def test_whatever_an_event_says_fits(kind, chance):
    event = chance.draw(st.builds(kind.event))
    body = told(kind, msgspec.json.encode(event))
    jsonschema_rs.Draft202012Validator(publishing.schema(f"{kind.name}.1")).validate(body)


def test_what_is_withheld_is_in_no_schema():
    for kind in PUBLIC:
        schema = publishing.schema(f"{kind.name}.1")
        parts = [schema, *schema.get("$defs", {}).values()]
        fields = {name for part in parts for name in part.get("properties", {})}
        assert not fields & {path.rpartition(".")[2] for path in kind.withheld}, kind.name


def test_a_body_that_does_not_fit_bites():
    body = {"order_id": "no uuid", "channel": "web", "lines": 1, "gross_minor": 1.5}
    errors = list(validator("orders.order_placed.1").iter_errors(body))
    assert {error.instance_path[0] for error in errors if error.instance_path} == {
        "order_id",
        "gross_minor",
    }
    assert any("currency" in error.message for error in errors)


async def test_what_is_read_fits(house):
    await house.happen(placed("web"), closed())
    await house.publish()
    page = json.loads(msgspec.json.encode(await house.read()))
    assert len(page["items"]) == 2
    for event in page["items"]:
        require_fitting(event)


async def test_anybody_may_read_schemas(api):
    anybody = api.client()
    listed = (await anybody.get("/api/v1/schemas")).json()
    assert len(listed) == len(publishing.schema_names())
    shown = (await anybody.get(listed[0]["address"])).json()
    assert shown == publishing.schema(listed[0]["name"])
    assert (await anybody.get("/api/v1/schemas/nothing.1")).json()["code"] == "no-such-schema"
    document = (await anybody.get("/api/v1/asyncapi.json")).json()
    assert document["asyncapi"] == "3.0.0"


def test_an_unknown_schema_is_refused():
    with pytest.raises(NoSuchSchema):
        publishing.schema("orders.order_placed.2")


def test_the_document_names_nothing_that_is_not_in_it():
    document = publishing.asyncapi()

    def references(value: Any):
        if isinstance(value, dict):
            if isinstance(value.get("$ref"), str):
                yield value["$ref"]
            value = list(value.values())
        for inner in value if isinstance(value, list) else ():
            yield from references(inner)

    named = set(references(document))
    assert len(named) > 200
    for reference in named:
        found: Any = document
        for step in reference.removeprefix("#/").split("/"):
            found = found[step]


def test_the_list_of_public_events_is_up_to_date():
    """Public events keep their names and fields: what this finds is a change others will notice."""
    assert LISTING.read_text() == publishing.schema_listing(), "run `make reference`"
