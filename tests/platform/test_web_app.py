"""The whole application as it is composed, over the real database."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import jsonschema_rs
import pytest

from crosslane import app as composition
from crosslane.platform.database import Database
from crosslane.platform.settings import read_settings
from crosslane.platform.web import PUBLIC
from crosslane.platform.web.openapi import document
from crosslane.platform.web.problems import status_of


@pytest.fixture
async def client(
    postgres_url: str, database: Database, tmp_path: Path
) -> AsyncIterator[httpx.AsyncClient]:
    del database  # migrated by its fixture
    environment = {"DATABASE_URL": postgres_url, "CROSSLANE_HOME": str(tmp_path)}
    app = composition.create_app(read_settings(environment))
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with (
        app.lifespan(),
        httpx.AsyncClient(transport=transport, base_url="http://localhost") as client,
    ):
        yield client


async def test_probes_answer(client):
    assert (await client.get("/healthz")).json() == {"alive": True}
    ready = await client.get("/readyz")
    assert ready.status_code == 200, ready.text
    assert ready.json()["database"] == "ok"
    await client.get("/api/v1/problems")
    metrics = await client.get("/metrics")
    assert metrics.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert 'route="/api/v1/problems"' in metrics.text


async def test_readiness_names_who_holds_the_log_back(client, database, monkeypatch):
    monkeypatch.setattr("crosslane.platform.health.HOLDER_SECONDS_MAX", 0)
    async with database.connection() as connection, connection.transaction():
        await connection.execute("set application_name = 'long report'")
        await connection.fetchval("select pg_current_xact_id()")
        holders = (await client.get("/readyz")).json()["horizon_holders"]
        await connection.execute("set application_name = 'crosslane'")
    assert [h["state"] for h in holders if h["application_name"] == "long report"] == [
        "idle in transaction"
    ]


async def test_a_database_that_is_gone_is_told(postgres_url, tmp_path):
    environment = {"DATABASE_URL": postgres_url, "CROSSLANE_HOME": str(tmp_path)}
    app = composition.create_app(read_settings(environment))
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        async with app.lifespan():
            pass
        answer = await client.get("/readyz")
        assert (answer.status_code, answer.json()["ready"]) == (503, False)
        assert (await client.get("/healthz")).status_code == 200
        headers = {"Authorization": f"Bearer clk_{'a' * 10}_{'0' * 16}_{'0' * 64}"}
        answer = await client.get("/api/v1/me", headers=headers)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")


async def test_every_problem_explains_itself(client):
    for told in (await client.get("/api/v1/problems")).json()["items"]:
        assert (await client.get(told["type"])).json() == told
    assert (await client.get("/api/v1/problems/nonsense")).status_code == 404


# The document


@pytest.fixture
async def told(client) -> dict:
    return (await client.get("/api/v1/openapi.json")).json()


def references(node: object) -> list[str]:
    if isinstance(node, dict):
        own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
        return own + [ref for inner in node.values() for ref in references(inner)]
    return [ref for inner in node for ref in references(inner)] if isinstance(node, list) else []


def test_the_document_is_sound(told):
    assert told["openapi"] == "3.1.0"
    for reference in references(told):
        _, section, sort, name = reference.split("/")
        assert name in told[section][sort], reference
    for schema in told["components"]["schemas"].values():
        assert jsonschema_rs.meta.is_valid(
            schema | {"$schema": "https://json-schema.org/draft/2020-12/schema"}
        )
    assert json.dumps(r"\Z").strip('"') not in json.dumps(told)  # Python's own end of a text
    assert "^(?:[A-Z]{3})$" in json.dumps(told)
    names = [op["operationId"] for ops in told["paths"].values() for op in ops.values()]
    assert len(names) == len(set(names))


def test_every_listed_route_is_in_the_document(told):
    for route in composition.ROUTES:
        if not route.listed:
            assert route.path not in told["paths"]
            continue
        operation = told["paths"][route.path][route.method.lower()]
        assert operation["summary"].endswith((".", "?")), route.name
        assert {"429", "500", "503"} <= operation["responses"].keys()
        if route.permission != PUBLIC:
            assert {"401", "403"} <= operation["responses"].keys()
        if route.command:
            assert {"409", "422"} <= operation["responses"].keys()
        for refusal in route.raises:
            response = operation["responses"][str(status_of(refusal))]
            shared = told["components"]["responses"][response["$ref"].rpartition("/")[2]]
            assert refusal.code_of_class() in json.dumps(shared)


def test_a_document_of_nothing_is_a_document():
    assert document([], title="x", version="1")["paths"] == {}
