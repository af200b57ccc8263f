"""Families of installed packages: found, told apart, and harmless when they are broken."""

import json
from pathlib import Path

import pytest

from crosslane.channels.adapters import (
    FAMILIES,
    GROUP,
    Families,
    Fault,
    Notice,
    json_family,
    read_records,
)
from crosslane.channels.adapters.family import EPOCH, Context
from tests.api import Api
from tests.channels.bazaar import Bazaar, order

CODE = """
from crosslane.channels.adapters import Family, Notice, json_family

def understand(document, context):
    yield Notice(source_id="1", event_at=context.received_at, topic="kiosk")

def never(*about):
    raise RuntimeError("never")

KIOSK = json_family("kiosk", frozenset({"notice"}), understand)
LYING = json_family("shop", frozenset({"notice"}), understand)
NEW = json_family("new-words", frozenset({"song"}), understand)
WRONG = {}
FAILING = json_family(
    "failing", frozenset(), never, verify=never, envelope=never, pings=never, point=never
)
"""


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Lay packages where they are found, as an installer does."""
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "kiosk_adapter.py").write_text(CODE)

    def install(package: str, **entries: str) -> None:
        folder = tmp_path / f"{package}-2.1.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 2.1\n")
        lines = [f"{name.replace('_', '-')} = {value}" for name, value in entries.items()]
        (folder / "entry_points.txt").write_text("\n".join([f"[{GROUP}]", *lines]))

    return install


def loaded() -> Families:
    return Families(FAMILIES.own.values())


def problems(families: Families) -> dict[str, str]:
    return {one.family: one.problem for one in families.packages}


def test_a_family_of_a_package_is_one_of_the_families(installed):
    installed("kiosk-adapter", kiosk="kiosk_adapter:KIOSK")
    families = loaded()
    (reading,) = read_records(families["kiosk"], b"{}", Context())
    assert [type(message) for message in reading.messages] == [Notice]
    assert [(one.family, one.package, one.version) for one in families.packages] == [
        ("kiosk", "kiosk-adapter", "2.1")
    ]
    assert set(families) == {*FAMILIES.own, "kiosk"}


def test_packages_that_cannot_be_loaded_say_why_and_stop_nothing(installed):
    installed(
        "broken",
        **{
            "no_module": "nothing_of_this_name:X",
            "no_name": "kiosk_adapter:NOTHING",
            "no_family": "kiosk_adapter:WRONG",
            "renamed": "kiosk_adapter:LYING",
            "new_words": "kiosk_adapter:NEW",
            "Loud": "kiosk_adapter:KIOSK",
            "kiosk": "kiosk_adapter:KIOSK",
        },
    )
    families = loaded()
    assert set(families) == {*FAMILIES.own, "kiosk"}
    found = problems(families)
    assert "ModuleNotFoundError" in found["no-module"]
    assert "AttributeError" in found["no-name"]
    assert found["no-family"] == "kiosk_adapter:WRONG is a dict, not a Family"
    assert found["renamed"] == "the family calls itself shop"
    assert found["new-words"] == "it brings what nobody knows: song"
    assert found["Loud"].startswith("a name is of 2 to 40 small letters")
    assert found["kiosk"] == ""


def test_a_module_that_ends_the_process_only_ends_itself(installed, tmp_path: Path):
    (tmp_path / "ending.py").write_text("raise SystemExit(1)")
    installed("ending", ending="ending:X")
    assert "SystemExit" in problems(loaded())["ending"]


def test_a_name_belongs_to_the_house_or_to_one_package(installed):
    installed("one", shopify="kiosk_adapter:KIOSK", kiosk="kiosk_adapter:KIOSK")
    installed("two", kiosk="kiosk_adapter:KIOSK")
    families = loaded()
    assert families["shopify"] is FAMILIES.own["shopify"]
    assert set(families) == set(FAMILIES.own)
    assert [(one.family, one.package, one.problem) for one in families.packages] == [
        ("kiosk", "one", "several packages claim this name"),
        ("kiosk", "two", "several packages claim this name"),
        ("shopify", "one", "a family of the house has this name"),
    ]


def test_what_fails_in_an_adapter_is_an_answer(installed):
    installed("failing", failing="kiosk_adapter:FAILING")
    failing = loaded()["failing"]
    assert failing.verify is not None
    assert failing.pings is not None
    assert not failing.verify({}, b"", ["secret"])
    assert not failing.pings(b"")
    assert failing.envelope({}).delivery_id == ""
    assert failing.point("/lines/0") == "/lines/0"


def fails(document: object, context: Context):
    if document == {}:
        raise ZeroDivisionError
    yield Notice(source_id="1", event_at=EPOCH, topic="kiosk")


def test_what_a_failing_adapter_was_sent_is_kept_whole():
    family = json_family("kiosk", frozenset(), fails)
    (kept,) = read_records(family, b"{}", Context())
    assert kept.body == "{}"
    assert kept.fault == Fault("adapter-failed", "The adapter kiosk has failed: ZeroDivisionError")


async def test_a_mended_adapter_reads_what_was_kept(
    bazaar: Bazaar, monkeypatch: pytest.MonkeyPatch
):
    own = FAMILIES.own["orders-jsonl"]

    class Failing(dict):
        def get(self, name, default=None):
            return json_family(name, own.brings, fails)

    with monkeypatch.context() as broken:
        broken.setattr("crosslane.channels.adapters.FAMILIES", Failing())
        await bazaar.send("{}")
    (kept,) = await bazaar.messages()
    assert (kept.state, kept.code) == ("quarantined", "adapter-failed")
    async with bazaar.database.transaction(bazaar.tenant) as tx:
        await tx.execute("update channels_raw set body = $1", json.dumps(order()))
    replayed = await bazaar.replay(message_ids=(kept.id,))
    assert replayed.announced == 1
    assert await bazaar.states() == ["applied"]


async def test_formats_are_listed_with_their_packages(
    api: Api, installed, monkeypatch: pytest.MonkeyPatch
):
    installed("kiosk-adapter", kiosk="kiosk_adapter:KIOSK", wrong="kiosk_adapter:WRONG")
    monkeypatch.setattr(FAMILIES, "_all", None)
    monkeypatch.setattr(FAMILIES, "_packages", [])
    listed = (await api.admin.get("/api/v1/channel-formats")).json()
    by_name = {one["name"]: one for one in listed}
    assert by_name["shopify"]["package"] == ""
    assert by_name["kiosk"]["package"] == "kiosk-adapter 2.1"
    assert by_name["wrong"]["problem"] == "kiosk_adapter:WRONG is a dict, not a Family"
