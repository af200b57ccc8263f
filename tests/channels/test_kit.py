"""Our own families by the rules of everybody's, and planted adapters that break each rule."""

from contextlib import suppress
from functools import cache

import jsonschema_rs
import msgspec
import pytest

from crosslane.channels.adapters import FAMILIES, kind_of, read_records
from crosslane.kernel import Refusal
from crosslane.kit import check_family
from crosslane.publishing import schema
from tests.channels.capabilities import SAMPLES, page, report_of, samples_of
from tests.published import FIXTURES, needs_published
from tests.tidy.tree import REPOSITORY

PAGE = REPOSITORY / "docs/reference/channels.md"


@pytest.mark.parametrize("name", FAMILIES.own)
def test_a_family_keeps_every_rule(name: str):
    # A family that has no samples of its own yet is tried with what is published, if it is here.
    shown = (SAMPLES / name).is_dir() and FIXTURES.is_dir()
    wrong = {"failed", "unshown"} if shown else {"failed"}
    assert [one for one in report_of(name).checks if one.state in wrong] == []


@pytest.mark.parametrize("name", FAMILIES.own)
def test_what_a_family_says_keeps_to_the_published_schemas(name: str):
    for stream in samples_of(name).streams:
        with suppress(Refusal):
            for reading in read_records(FAMILIES.own[name], stream.raw, stream.context):
                for message in reading.messages:
                    judge(kind_of(message)).validate(msgspec.to_builtins(message))


@cache
def judge(kind: str) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(schema(f"messages.{kind}.1"))


@needs_published
def test_the_page_of_what_families_can_is_up_to_date():
    assert PAGE.read_text() == page(), "run `make reference`"


@pytest.mark.soak
@pytest.mark.parametrize("name", FAMILIES.own)
def test_a_family_keeps_every_rule_at_length(name: str):
    report = check_family(FAMILIES.own[name], samples_of(name), long=True)
    assert [one for one in report.checks if one.state == "failed"] == []
