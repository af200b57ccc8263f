"""Records of XML as texts by their place: one says in a stream what it says alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosslane.channels.adapters.branches import NotReadable
from crosslane.channels.adapters.markup import NAMES_MAX, Markup

HEAD = '<p:Log xmlns:p="urn:a" xmlns:q="urn:b">'
RECORDS = (
    '<p:T p:N="1"><p:X>1</p:X></p:T>',
    '<q:T q:N="1"><p:X>1</p:X><q:X>2</q:X></q:T>',
    '<p:T xmlns:y="urn:c"><y:X y:N="2">1</y:X></p:T>',
    '<p:T xmlns:z="urn:c"><z:X z:N="2">1</z:X></p:T>',
    '<T xmlns="urn:c"><X N="2">1</X></T>',
    "<p:T><y:X>nobody has said what y is</y:X></p:T>",
    "<p:T><p:X>1</p:Y></p:T>",
)


def said(markup: Markup, record: str) -> dict[str, str] | str:
    try:
        return markup.read(record).rest()
    except NotReadable as refusal:
        return refusal.fault.code


@given(st.lists(st.sampled_from(RECORDS), max_size=8))
def test_records_say_together_what_they_say_alone(records: list[str]):
    together = Markup(HEAD, ())
    alone = [said(Markup(HEAD, ()), record) for record in records]
    assert [said(together, record) for record in records] == alone
    with Markup(HEAD, ()).reading() as read:
        for record, expected in zip(records, alone, strict=True):
            if isinstance(expected, dict):
                assert read(record).rest() == expected
            else:
                with pytest.raises(NotReadable):
                    read(record)


def test_names_of_a_stream_are_not_kept_for_ever():
    markup = Markup(HEAD, ())
    for first in range(0, 4 * NAMES_MAX, NAMES_MAX // 2):
        names = [f"p:X{n}" for n in range(first, first + NAMES_MAX // 2)]
        markup.read(f"<p:T>{''.join(f'<{one}/>' for one in names)}</p:T>")
        assert markup.names_kept <= 2 * NAMES_MAX
