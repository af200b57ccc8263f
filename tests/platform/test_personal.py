import msgspec
import pytest

from crosslane.platform import personal
from crosslane.platform.database import Tx
from crosslane.platform.personal import Erasure, PersonalColumn

WORDS = frozenset(
    {"Ann", "Ann Example", "a+b@x.com", "12.5 High (St)", "LS1 4DY", "LS14DY", "4711"}
)


async def erased(tx: Tx, form: str, value: str) -> str:
    """What a value becomes in a declared column of its form."""
    kind = "jsonb" if form == "json" else "text"
    table = f"note_{form}"
    await tx.execute(f"create table {table} (body {kind})")
    given = value.encode() if form == "json" else value
    await tx.execute(f"insert into {table} values ($1)", given)  # noqa: S608
    before = personal.registered()
    personal.register([PersonalColumn(table, "body", "words", "a test", form)])
    try:
        [done] = await personal.erase(tx, Erasure(frozenset(), WORDS))
    finally:
        personal.register(*before)
    assert done.place == f"{table}.body"
    assert done.rows in (0, 1)
    found = await tx.fetchval(f"select body from {table}")  # noqa: S608
    return found.decode() if form == "json" else found


@pytest.mark.parametrize(
    ("value", "left"),
    [
        ({"n": "Ann"}, {"n": "erased"}),
        ({"n": "ANN EXAMPLE"}, {"n": "erased"}),
        (["x", "ann"], ["x", "erased"]),
        ({"n": "Dear Ann Example, hello"}, {"n": "Dear erased, hello"}),
        ({"n": "to A+B@x.com\nnow"}, {"n": "to erased\nnow"}),
        ({"n": "to aab@xxcom"}, {"n": "to aab@xxcom"}),
        ({"n": "at 12.5 High (St)"}, {"n": "at erased"}),
        ({"n": "ls1 4dy"}, {"n": "erased"}),
        # Keys, numbers and parts of identifiers are nobody's name.
        ({"Ann": 1, "4711": 2}, {"Ann": 1, "4711": 2}),
        ({"n": 4711, "sku": "LS14DY-X", "m": 47110}, {"n": 4711, "sku": "LS14DY-X", "m": 47110}),
        ({"n": "Annex"}, {"n": "Annex"}),
        ({"n": "4711"}, {"n": "erased"}),
    ],
)
async def test_words_are_found_in_json_without_harming_what_is_not_a_value(tx: Tx, value, left):
    text = msgspec.json.encode(value).decode()
    assert msgspec.json.decode(await erased(tx, "json", text)) == left


@pytest.mark.parametrize(
    ("value", "left"),
    [
        ("Ann", "erased"),
        ("Dear ann, welcome", "Dear erased, welcome"),
        ("Annex", "Annex"),
        ("Ann Example;LS14DY;4711;x", "erased;erased;erased;x"),
        ("<a+b@x.com>", "<erased>"),
        ("order 47110", "order 47110"),
        ("nothing", "nothing"),
    ],
)
async def test_words_are_found_in_text_where_they_stand_alone(tx: Tx, value, left):
    assert await erased(tx, "text", value) == left


async def test_every_place_is_told_and_what_is_kept_comes_last(tx: Tx):
    await tx.execute("create table note (body text)")
    before = personal.registered()
    personal.register(
        [
            PersonalColumn("invoice", "recipient", "kept", "tax law"),
            PersonalColumn("note", "body", "words", "a test"),
        ]
    )
    try:
        done = await personal.erase(tx, Erasure(frozenset(), frozenset()))
    finally:
        personal.register(*before)
    assert [(place.place, place.rows) for place in done] == [
        ("note.body", 0),
        ("invoice.recipient", -1),
    ]


async def test_only_names_of_columns_become_sql(tx: Tx):
    before = personal.registered()
    personal.register([PersonalColumn("note; drop table x", "body", "words", "a test")])
    try:
        with pytest.raises(ValueError, match="drop table"):
            await personal.erase(tx, Erasure(frozenset(), WORDS))
    finally:
        personal.register(*before)
