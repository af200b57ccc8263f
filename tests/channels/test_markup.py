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


NAMES = ("X", "Y", "Lines", "p:X", "q:X")
TEXTS = ("", " ", "\n  ", "a", " b\n", "<![CDATA[c < d]]>", "&lt;&#x263A;", "<!-- e -->", "<?f g?>")


def written(name: str, told: dict[str, str], inside: list) -> str:
    """An element with attributes, texts and elements in it."""
    attributes = "".join(f' {key}="{value}"' for key, value in told.items())
    content = "".join(one if isinstance(one, str) else written(*one) for one in inside)
    return f"<{name}{attributes}>{content}</{name}>"


def expected(told: dict[str, str], inside: list, at: str = "") -> dict[str, str]:
    """What an element says by place: names of the head's own prefix without it."""
    found = {f"{at}/@{key.removeprefix('p:')}": value for key, value in told.items()}
    counts: dict[str, int] = {}
    runs = [""]
    for one in inside:
        if isinstance(one, str):
            plain = one.removeprefix("<![CDATA[").removesuffix("]]>")
            is_unsaid = one.startswith(("<!--", "<?"))
            runs[-1] += (
                "" if is_unsaid else plain.replace("&lt;", "<").replace("&#x263A;", "\u263a")
            )
            continue
        name = one[0].removeprefix("p:")
        counts[name] = counts.get(name, 0) + 1
        is_bare = counts[name] == 1 and name != "Lines"
        place = f"{at}/{name}" if is_bare else f"{at}/{name}[{counts[name]}]"
        found |= expected(one[1], one[2], place)
        runs.append("")
    if text := "".join(run for run in runs if run and not run.isspace()):
        found[at] = text
    return found


told = st.dictionaries(st.sampled_from(("A", "p:B", "q:A")), st.sampled_from(("", " ", "1")))
texts = st.sampled_from(TEXTS)
inside = st.recursive(
    st.lists(texts, max_size=3),
    lambda deeper: st.lists(texts | st.tuples(st.sampled_from(NAMES), told, deeper), max_size=5),
    max_leaves=12,
)


@given(told, inside)
def test_everything_is_kept_by_its_place(told: dict[str, str], inside: list):
    record = written("p:T", told, inside)
    wanted = expected(told, inside)
    assert Markup(HEAD, ("Lines",)).read(record).rest() == wanted
    bound = record.replace("<p:T", '<p:T xmlns:p="urn:a" xmlns:q="urn:b"', 1)
    assert Markup("", ("Lines",)).read(bound).rest() == wanted


def test_what_is_read_is_taken_out_wherever_it_is_asked_for():
    record = Markup(HEAD, ()).read('<p:T><p:X A="1">2</p:X><p:X><p:Y A="3"/></p:X></p:T>')
    first, second = record.parts("X")
    assert (first.at, second.at) == ("/X", "/X[2]")
    assert (record.peek("X"), record.peek("X/@A"), second.peek("Y/@A")) == ("2", "1", "3")
    assert (first.text("@A"), record.text("X"), second.part("Y").text("@A")) == ("1", "2", "3")
    assert record.rest() == {}
    assert (record.part("Z/Y").at, record.parts("Z"), record.text("Z/@A")) == ("/Z/Y", [], "")


@pytest.mark.parametrize(
    ("record", "code", "pointer"),
    [
        ("<p:T><p:X/><p:X><p:Y>1</p:X></p:T>", "malformed-xml", "/X[2]/Y"),
        ("<p:T><p:X>1</p:X>&x;</p:T>", "malformed-xml", ""),
        ("<p:T><p:X>1</p:X><p:X>", "record-cut-off", "/X[2]"),
        ("<p:T>\udc80</p:T>", "malformed-xml", ""),
        ("<p:T>" + "<p:X>" * 61 + "</p:X>" * 61 + "</p:T>", "too-deep", "/X" * 60),
        ("", "record-cut-off", ""),
    ],
)
def test_what_cannot_be_read_is_pointed_at(record: str, code: str, pointer: str):
    whole = "<p:T><p:X>1</p:X></p:T>"
    with Markup(HEAD, ()).reading() as read:
        assert read(whole).rest() == {"/X": "1"}
        with pytest.raises(NotReadable) as refused:
            read(record)
        assert (refused.value.fault.code, refused.value.fault.pointer) == (code, pointer)
        assert read(whole).rest() == {"/X": "1"}


BOMB = '<!DOCTYPE T [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]>'


@pytest.mark.parametrize(
    ("head", "record"), [(BOMB + "<Log>", "<T>&b;</T>"), (BOMB, "<T/>"), ("", BOMB + "<T>&b;</T>")]
)
def test_no_document_type_is_let_in(head: str, record: str):
    with pytest.raises(NotReadable) as refused:
        Markup(head, ()).read(record)
    assert refused.value.fault.code == "doctype-refused"
