"""Rules: what holds and why, a new version seen before it is saved, and taking it back."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
from babel import Locale
from hypothesis import given
from hypothesis import strategies as st

from crosslane import app as composition
from crosslane.apps.office import rule_fields, rule_values
from crosslane.apps.office.frame import PAGES
from crosslane.apps.office.rule_words import AREAS, TITLES
from crosslane.organization import PolicyKind
from crosslane.platform.screens import Form, Viewer, Words
from tests.api import Api
from tests.office.pages import Read, look, submit

KINDS: list[PolicyKind] = [
    kind for module in composition.MODULES for kind in getattr(module, "POLICIES", ())
]
ENGLISH = Words("en", {})
SAFETY = "/office/rules/inventory.safety_stock"


def viewer(locale: str = "en_GB") -> Viewer:
    return Viewer(actor=None, locale=Locale.parse(locale))  # type: ignore[arg-type]


def sent(fields: list[rule_fields.RuleField], values: dict[str, Any]) -> Form:
    """The form as a browser sends it when nothing was changed."""
    pairs: dict[str, list[str]] = {}
    for field in fields:
        value = values[field.name]
        if field.sort == "rows":
            for place, row in enumerate(value):
                for column in field.columns:
                    pairs[f"{field.name}.{place}.{column.path[-1]}"] = [row[column.name]]
        elif field.sort == "switch":
            pairs |= {field.name: ["on"]} if value else {}
        elif field.sort == "choices":
            pairs |= {field.name: value} if value else {}
        else:
            pairs[field.name] = [value]
    return Form(pairs)


def plain(value: Any) -> Any:
    """A value without the order of sets."""
    return msgspec.json.decode(msgspec.json.encode(value, order="sorted"))


@pytest.mark.parametrize("locale", ["en_GB", "de_DE"])
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_what_is_shown_and_sent_unchanged_is_the_same_value(kind: PolicyKind, locale: str):
    fields = rule_fields.fields_of(kind.body, kind.default, 2)
    value = msgspec.to_builtins(kind.default)
    form = sent(fields, rule_values.filled(fields, value, viewer(locale)))
    read, errors = rule_values.read_value(fields, form, viewer(locale), ENGLISH)
    assert errors == {}
    assert kind.read(read) == kind.default
    assert rule_values.differences(fields, value, read, viewer(locale), ENGLISH) == []


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_no_rule_is_written_as_json(kind: PolicyKind):
    fields = rule_fields.fields_of(kind.body, kind.default, 2)
    assert [field.name for field in fields if field.sort == "json"] == []


def test_every_kind_has_a_title_and_an_area():
    assert {kind.name for kind in KINDS} == set(TITLES)
    assert {kind.name.partition(".")[0] for kind in KINDS} == set(AREAS)


@given(st.integers(0, 10**12), st.sampled_from([0, 2, 3]), st.sampled_from(["en_GB", "de_DE"]))
def test_amounts_are_read_as_they_are_written(minor: int, digits: int, locale: str):
    class Limit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
        most_minor: int
        each_milli: int

    fields = rule_fields.fields_of(Limit, Limit(0, 0), digits)
    value = {"most_minor": minor, "each_milli": minor}
    form = sent(fields, rule_values.filled(fields, value, viewer(locale)))
    assert rule_values.read_value(fields, form, viewer(locale), ENGLISH) == (value, {})


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("", "A number is needed here"),
        ("many", "This is not a number"),
        ("-1", "At least 0"),
        ("1.5", "A whole number is needed"),
        ("99999999", "At most 10000000"),
    ],
)
def test_what_does_not_fit_is_told_at_its_field(typed: str, told: str):
    kind = next(kind for kind in KINDS if kind.name == "inventory.safety_stock")
    fields = rule_fields.fields_of(kind.body, kind.default, 2)
    _, errors = rule_values.read_value(fields, Form({"value.units": [typed]}), viewer(), ENGLISH)
    assert errors == {"value.units": told}


def test_rows_that_are_empty_are_left_out_and_wrong_ones_told():
    kind = next(kind for kind in KINDS if kind.name == "inventory.ring_fence")
    fields = rule_fields.fields_of(kind.body, kind.default, 2)
    form = Form(
        {
            "value.fences.0.channel": [""],
            "value.fences.0.units": [""],
            "value.fences.1.channel": ["web"],
            "value.fences.1.units": ["two"],
            "value.fences.2.channel": ["tills"],
            "value.fences.2.units": ["3"],
        }
    )
    value, errors = rule_values.read_value(fields, form, viewer(), ENGLISH)
    assert errors == {"value.fences.1.units": "This is not a number"}
    assert value["fences"][1] == {"channel": "tills", "units": 3}


async def saved(api: Api, path: str, **changed: Any) -> Read:
    """Change a rule as a person does: form, preview, save; return the page after it."""
    form = (await look(api.admin, f"{path}/change")).forms[f"{path}/preview"]
    preview = await submit(api.admin, f"{path}/preview", {**form, **changed})
    assert preview.status_code == 200, preview.text[:800]
    fields = Read(preview.text).forms[f"{path}/versions"]
    answer = await submit(api.admin, f"{path}/versions", fields)
    assert (answer.status_code, answer.headers.get("location")) == (303, path), answer.text[:800]
    return await look(api.admin, path)


async def test_a_rule_is_changed_explained_and_taken_back(retailer: Api):
    everything = await look(retailer.admin, "/office/rules")
    assert "Safety stock" in everything.text
    await saved(retailer, SAFETY, **{"value.units": "2", "reason": "Counts are late"})
    page = await saved(
        retailer, SAFETY, **{"value.units": "7", "scope": "location:DC1", "reason": "Busy"}
    )
    assert "Counts are late" in page.text
    why = await look(retailer.admin, f"{SAFETY}?location=DC1&channel=web")
    order = ["Location DC1", "decides", "Channel web", "Brand", "Everywhere", "would come later"]
    places = [why.text.index(word, why.text.index("Explain")) for word in order]
    assert places == sorted(places)
    assert "7 units" in why.text
    held = (await retailer.admin.get("/api/v1/policies", params={"limit": 1})).json()["items"][0]
    version = f"{SAFETY}/versions/{held['id']}"
    shown = await look(retailer.admin, version)
    assert "0 units" in shown.text
    undo = await submit(retailer.admin, f"{version}/undo", {**shown.forms[f"{version}/undo"]})
    assert undo.status_code == 422
    fields = {**shown.forms[f"{version}/undo"], "_wish": "again", "reason": "Mistyped"}
    assert (await submit(retailer.admin, f"{version}/undo", fields)).status_code == 303
    after = await look(retailer.admin, f"{SAFETY}?location=DC1")
    assert "2 units" in after.text
    assert "take that one back first" in (await look(retailer.admin, version)).text


async def test_the_difference_is_shown_before_it_is_saved(retailer: Api):
    path = "/office/rules/payments.refunds"
    form = (await look(retailer.admin, f"{path}/change")).forms[f"{path}/preview"]
    assert form["value.cash_refund_minor_max"] == "500.00"
    form |= {"value.cash_refund_minor_max": "20.50", "reason": "Theft"}
    preview = Read((await submit(retailer.admin, f"{path}/preview", form)).text)
    assert "500.00 20.50" in preview.text
    assert "Cash day" not in preview.text
    again = await submit(retailer.admin, f"{path}/form", preview.forms[f"{path}/versions"])
    assert Read(again.text).forms[f"{path}/preview"]["value.cash_refund_minor_max"] == "20.50"


async def test_a_mistake_is_told_at_its_field_and_nothing_is_lost(retailer: Api):
    form = (await look(retailer.admin, f"{SAFETY}/change")).forms[f"{SAFETY}/preview"]
    form |= {"value.units": "few", "reason": "Because", "scope": "location:DC2"}
    answer = await submit(retailer.admin, f"{SAFETY}/preview", form)
    shown = Read(answer.text)
    assert answer.status_code == 422
    assert "This is not a number" in shown.text
    kept = shown.forms[f"{SAFETY}/preview"]
    assert (kept["value.units"], kept["scope"], kept["reason"]) == (
        "few",
        "location:DC2",
        "Because",
    )


async def test_a_change_may_wait_for_its_day_and_another_may_overtake_it(retailer: Api):
    day = (datetime.now(UTC) + timedelta(days=9)).strftime("%Y-%m-%dT09:00")
    page = await saved(retailer, SAFETY, **{"value.units": "4", "reason": "r", "valid_from": day})
    assert "coming" in page.text
    form = (await look(retailer.admin, f"{SAFETY}/change")).forms[f"{SAFETY}/preview"]
    form |= {"value.units": "1", "reason": "mine"}
    mine = Read((await submit(retailer.admin, f"{SAFETY}/preview", form)).text)
    await saved(retailer, SAFETY, **{"value.units": "2", "reason": "theirs"})
    late = await submit(retailer.admin, f"{SAFETY}/versions", mine.forms[f"{SAFETY}/versions"])
    assert late.status_code == 422
    assert "Somebody else has changed this" in Read(late.text).text


async def test_a_scope_may_stop_having_a_value_of_its_own(retailer: Api):
    await saved(retailer, SAFETY, **{"value.units": "2", "reason": "wide"})
    await saved(retailer, SAFETY, **{"value.units": "7", "scope": "channel:web", "reason": "n"})
    page = await saved(retailer, SAFETY, **{"scope": "channel:web", "reason": "n", "ends": "yes"})
    assert "own value ended" in page.text
    assert "2 units" in (await look(retailer.admin, f"{SAFETY}?channel=web")).text


async def test_who_may_only_read_sees_no_way_to_change(retailer: Api):
    reader = await retailer.key(["organization:read"])
    assert "/change" not in (await reader.get(SAFETY)).text
    await look(reader, f"{SAFETY}/change", 403)
    await look(retailer.admin, "/office/rules/no.such", 404)
    await look(retailer.admin, f"{SAFETY}/versions/{UUID(int=7)}", 404)


def test_every_word_of_a_rule_has_its_german():
    german = PAGES.words(viewer("de_DE"))
    texts: set[str] = {*TITLES.values(), *AREAS.values()}
    for kind in KINDS:
        texts.add(rule_fields.docs_of(kind.body)[0])
        for field in rule_fields.fields_of(kind.body, kind.default, 2):
            for one in (field, *field.columns):
                texts |= {one.title, one.group, one.hint, one.unit}
                texts |= {rule_fields.title_of(choice) for choice in one.choices}
    assert sorted(text for text in texts if text and german.lacks(text)) == []
