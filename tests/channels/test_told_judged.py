"""What partners answer to what they were told is noted there, in whatever order it comes."""

import msgspec
import pytest

from crosslane.channels import RESEND, Resend
from crosslane.channels.domain.reports import Judged
from crosslane.channels.storage.outgoing import Answered, judge
from crosslane.platform.database import Database
from tests.channels.edifact import wrapped as edifact
from tests.channels.reading import read
from tests.channels.talking import Talking, allowed
from tests.channels.test_x12 import wrapped
from tests.channels.trading import CHANNEL, CREDIT_MINOR, THEM
from tests.orders.world import found_retailer, give_credit, set_policy

network = pytest.fixture(allowed)

ORDER = """850
BEG*00*SA*{number}**20260104
CUR*BY*GBP
N1*BY*Shops*92*BUYCO
N1*ST*Shop 1*92*0001
N3*12 High Street
N4*Oxford**OX1 4AA*GB
PO1*10*{units}*EA*1.25**VP*MUG"""
GOOD = "AK2*855*{place:04d}\nAK5*A"
BAD = "AK2*855*{place:04d}\nAK3*PO1*4**8\nAK4*2*330*6\nAK5*R*5"


@pytest.fixture
async def trading(database: Database, tenant: str, network: None) -> Talking:
    await found_retailer(database, tenant)
    async with database.transaction(tenant) as tx:
        await set_policy(tx, "pricing.price_source", {"price_source": "dictated"}, CHANNEL)
        await give_credit(tx, THEM, CREDIT_MINOR)
    opened = Talking(database, tenant)
    await opened.connect(channel=CHANNEL, format="x12")
    orders = [ORDER.format(number=f"PO-{n}", units=n) for n in (1, 2, 3)]
    await opened.send(wrapped(*orders), channel=CHANNEL, format="x12")
    await opened.settle()
    assert await replies(opened) == [("told", "", "")] * 3
    return opened


async def replies(trading: Talking) -> list[tuple[str, str, str]]:
    found = await trading.outgoing(kind="order_reply")
    return [(one.state, one.verdict, one.code) for one in found]


async def answer(trading: Talking, *verdicts: str, whole: str, at: str = "1200", ours="") -> None:
    """Let the partner acknowledge the interchange that held our replies."""
    (first, *_) = await trading.outgoing(kind="order_reply")
    said = "\n".join((f"997\nAK1*PR*{ours or first.number}", *verdicts, whole))
    await trading.send(wrapped(said).replace("*1000*", f"*{at}*"), channel=CHANNEL, format="x12")
    await trading.settle()


async def test_what_is_accepted_and_what_is_rejected_is_noted_message_by_message(trading: Talking):
    said = [GOOD.format(place=1), BAD.format(place=2), GOOD.format(place=3)]
    await answer(trading, *said, whole="AK9*P*3*3*2")
    assert await replies(trading) == [
        ("told", "accepted", ""),
        ("refused", "rejected", "partner-rejected"),
        ("told", "accepted", ""),
    ]
    refused = (await trading.outgoing(kind="order_reply"))[1]
    assert "segment 4 PO1" in refused.detail
    assert "element 2" in refused.detail


async def test_a_whole_group_is_accepted_or_rejected_by_one_word(trading: Talking):
    await answer(trading, whole="AK9*A*3*3*3")
    assert await replies(trading) == [("told", "accepted", "")] * 3
    await answer(trading, whole="AK9*R*3*3*0", at="1201")
    assert await replies(trading) == [("refused", "rejected", "partner-rejected")] * 3


async def test_an_answer_that_comes_late_says_nothing_any_more(trading: Talking):
    await answer(trading, BAD.format(place=2), whole="AK9*P*3*3*2", at="1201")
    await answer(trading, whole="AK9*A*3*3*3", at="1200")
    assert [state for state, _, _ in await replies(trading)] == ["told", "refused", "told"]


@pytest.mark.parametrize("first", ["all", "one"])
async def test_a_message_s_own_verdict_counts_beside_that_of_all(trading: Talking, first: str):
    told = await trading.outgoing(kind="order_reply")
    control, at = told[0].number, told[0].changed_at
    all_of_it = Answered(
        channel=CHANNEL, control=control, place=None, verdict="accepted", detail="", at=at
    )
    one_of_it = msgspec.structs.replace(all_of_it, place=2, verdict="rejected", detail="PO1")
    said = [all_of_it, one_of_it]
    # A worker may read them in one batch or in two, in any order.
    for batch in (
        [said],
        [said[::-1]],
        [[one] for one in (said if first == "all" else said[::-1])],
    ):
        for part in batch:
            async with trading.database.transaction(trading.tenant) as tx:
                await judge(tx, part)
        found = await replies(trading)
        assert [state for state, _, _ in found] == ["told", "refused", "told"]
        assert [verdict for _, verdict, _ in found] == ["accepted", "rejected", "accepted"]
        async with trading.database.transaction(trading.tenant) as tx:
            await tx.execute(
                "update channels_outgoing set state = 'told', verdict = '', judged_at = null"
            )


async def test_a_number_that_is_not_ours_judges_nothing(trading: Talking):
    for number in ("999999", "NO-1", "123456789012345"):
        await answer(trading, whole="AK9*R*3*3*0", ours=number)
    assert await replies(trading) == [("told", "", "")] * 3


async def test_what_a_partner_rejects_is_told_again_and_waits_for_an_answer(trading: Talking):
    await answer(trading, BAD.format(place=2), whole="AK9*P*3*3*2")
    refused = (await trading.outgoing(kind="order_reply"))[1]
    await trading.lanes.run(trading.tenant, RESEND, "again", Resend(outgoing_ids=(refused.id,)))
    await trading.settle()
    assert (await replies(trading))[1] == ("told", "", "")
    # Alone it is in an interchange of its own, by its own number.
    await answer(trading, GOOD.format(place=1), whole="AK9*A*1*1*1", ours=str(refused.number))
    assert [verdict for _, verdict, _ in await replies(trading)] == ["", "accepted", ""]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("UCI+41+N:14+B:14+7", [Judged(number=41, verdict="accepted")]),
        ("UCI+41+N:14+B:14+8", [Judged(number=41, verdict="received")]),
        (
            "UCI+41+N:14+B:14+4\nUCM+2+ORDRSP:D:96A:UN+4+12",
            [
                Judged(number=41, verdict="rejected"),
                Judged(number=41, place=2, verdict="rejected"),
            ],
        ),
        ("UCI+INT-7+N:14+B:14+7", [None]),
    ],
)
def test_a_contrl_says_which_of_our_messages_it_means(said: str, expected: list[Judged | None]):
    (reading,) = read("edifact", edifact(f"CONTRL\n{said}").encode())
    assert reading.fault is None
    assert [one.judged for one in reading.messages] == expected
