"""The strict provider is strict, remembers, and goes wrong only on demand."""

import httpx
import pytest
from tests.payments.fake import eventually

TOKEN = "tok_1"


async def authorize(provider, key="a1", minor=1000, token=TOKEN, currency="GBP"):
    answer = await provider.ask(
        "/v1/authorizations", key, token=token, minor=minor, currency=currency
    )
    return answer, answer.json()


async def test_a_key_means_one_thing(provider):
    first, told = await authorize(provider)
    again, same = await authorize(provider)
    assert (first.status_code, again.status_code, told) == (201, 201, same)
    other, _ = await authorize(provider, minor=1001)
    assert other.status_code == 422
    assert len(await provider.operations()) == 1
    assert (await provider.find("a1")).json() == told
    assert (await provider.find("a2")).status_code == 404


@pytest.mark.parametrize(
    ("deed", "minor", "currency", "reason"),
    [
        ("captures", 1001, "GBP", "above_authorized"),
        ("captures", 1000, "EUR", "wrong_currency"),
        ("voids", 1001, "GBP", "above_authorized"),
        ("refunds", 1, "GBP", "above_captured"),
    ],
)
async def test_it_refuses_what_is_too_much(provider, deed, minor, currency, reason):
    _, held = await authorize(provider)
    answer = await provider.ask(
        f"/v1/authorizations/{held['id']}/{deed}", "k", minor=minor, currency=currency
    )
    assert (answer.status_code, answer.json()["reason"]) == (402, reason)


async def test_amounts_add_up_over_parts(provider):
    _, held = await authorize(provider)
    path = f"/v1/authorizations/{held['id']}"
    for key, deed, minor, status in [
        ("1", "captures", 400, 201),
        ("2", "captures", 400, 201),
        ("3", "captures", 201, 402),
        ("4", "voids", 200, 201),
        ("5", "captures", 1, 402),
        ("6", "refunds", 500, 201),
        ("7", "refunds", 301, 402),
        ("8", "refunds", 300, 201),
        ("9", "refunds", 1, 402),
    ]:
        answer = await provider.ask(f"{path}/{deed}", key, minor=minor, currency="GBP")
        assert (key, answer.status_code) == (key, status)
    assert await provider.sums() == {"authorize": 1000, "capture": 800, "refund": 800, "void": 200}


@pytest.mark.parametrize(
    ("token", "minor", "status"),
    [("tok_decline_insufficient_funds", 5, 402), ("card", 5, 400), ("tok_1", 0, 400)],
)
async def test_tokens_and_amounts(provider, token, minor, status):
    answer, told = await authorize(provider, token=token, minor=minor)
    assert answer.status_code == status
    if status == 402:
        assert told["reason"] == "insufficient_funds"


async def test_strangers_are_sent_away(provider):
    answer = await provider._client.get(f"{provider.url}/v1/operations/x")
    assert answer.status_code == 401


async def test_killing_it_forgets_nothing(provider):
    _, held = await authorize(provider)
    await provider.kill()
    with provider.state.open("ab") as torn:
        torn.write(b'{"key":"half')
    await provider.start()
    assert (await provider.find("a1")).json() == held
    _, after = await authorize(provider, key="a2")
    await provider.kill()
    await provider.start()
    assert (await provider.find("a2")).json() == after


@pytest.mark.parametrize(
    ("fault", "seen", "happened"),
    [
        ("error", 503, False),
        ("error_after", 500, True),
        ("freeze", None, False),
        ("timeout_after", None, True),
    ],
)
async def test_it_goes_wrong_on_demand(provider, fault, seen, happened):
    await provider.fault(fault, kind="authorize", seconds=0.05)
    if seen is None:
        with pytest.raises(httpx.RemoteProtocolError):
            await authorize(provider)
    else:
        assert (await authorize(provider))[0].status_code == seen
    assert ((await provider.find("a1")).status_code == 200) is happened
    again, _ = await authorize(provider)
    assert again.status_code == 201


async def test_a_pending_one_is_decided_later(provider):
    await provider.fault("pending", seconds=0.05)
    answer, told = await authorize(provider)
    assert (answer.status_code, told["status"]) == (202, "pending")

    async def succeeded() -> bool:
        return (await provider.find("a1")).json()["status"] == "succeeded"

    await eventually(succeeded)


async def test_an_unknown_path_is_answered(provider):
    answer = await provider.ask("/v1/nothing", "k")
    assert (answer.status_code, answer.json()) == (404, {"error": "no_such_path"})
