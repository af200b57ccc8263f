"""Calls to the outside reach the internet, what the operator allows, and nothing else."""

import asyncio
import ssl
import subprocess
from collections.abc import AsyncIterator, Iterator
from ipaddress import ip_address
from pathlib import Path

import pytest

from crosslane.platform import outbound
from crosslane.platform.outbound import Allowed, NoReply, PrivateTarget, require_public
from crosslane.platform.outbound_http import Line, Resolve

ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


class Stranger:
    """A server that answers everybody alike and counts who came."""

    def __init__(self) -> None:
        self.port = 0
        self.heads: list[str] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.heads.append((await reader.readuntil(b"\r\n\r\n")).decode().lower())
        writer.write(ANSWER)
        await writer.drain()
        writer.close()


@pytest.fixture
async def stranger() -> AsyncIterator[Stranger]:
    stranger = Stranger()
    server = await asyncio.start_server(stranger.serve, "127.0.0.1", 0)
    stranger.port = server.sockets[0].getsockname()[1]
    yield stranger
    server.close()


@pytest.fixture
def closed() -> Iterator[None]:
    """Nothing inside may be called."""
    outbound.allow([])
    yield
    outbound.allow(["127.0.0.1"])


@pytest.mark.parametrize(
    "text",
    [
        *("127.0.0.1", "127.9.9.9", "0.0.0.1", "10.0.0.1", "172.16.3.4", "192.168.1.1"),
        *("169.254.169.254", "100.64.0.1", "224.0.0.1", "255.255.255.255", "192.0.2.1"),
        *("::1", "::", "fe80::1", "fc00::1", "ff02::1", "2001:db8::1"),
        *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:a00:1::", "2001:0:a::1"),
    ],
)
def test_an_address_inside_is_not_public(text: str) -> None:
    assert not outbound.is_public(ip_address(text))


@pytest.mark.parametrize(
    "text", ["8.8.8.8", "93.184.216.34", "2606:2800:220:1::1", "64:ff9b::808:808", "::ffff:8.8.8.8"]
)
def test_an_address_of_the_internet_is_public(text: str) -> None:
    assert outbound.is_public(ip_address(text))


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:80/x",
        "https://localhost",
        "https://shop.localhost",
        "http://[::1]/",
        "http://[::ffff:10.0.0.1]/",
        "http://169.254.169.254/latest/meta-data",
    ],
)
@pytest.mark.usefixtures("closed")
def test_an_address_inside_is_refused_where_it_is_set(url: str) -> None:
    with pytest.raises(PrivateTarget) as refused:
        require_public(url, pointer="/endpoint")
    assert refused.value.pointer == "/endpoint"
    require_public("https://carrier.example.com/v1", pointer="/endpoint")


@pytest.mark.usefixtures("closed")
async def test_a_call_inside_is_never_made(stranger: Stranger) -> None:
    for host in ("127.0.0.1", "localhost"):
        with pytest.raises(NoReply, match="CROSSLANE_OUTBOUND_ALLOW"):
            await ask(f"http://{host}:{stranger.port}")
    assert stranger.heads == []


async def ask(base_url: str) -> outbound.Reply:
    return await outbound.call(base_url, "GET", "/", headers={}, answer_bytes_max=100)


async def test_what_the_operator_allows_is_called(stranger: Stranger) -> None:
    reply = await ask(f"http://127.0.0.1:{stranger.port}")
    assert (reply.status, reply.body) == (200, b"ok")
    assert f"host: 127.0.0.1:{stranger.port}" in stranger.heads[0]


async def test_a_call_goes_below_its_base_and_shows_who_asks(stranger: Stranger) -> None:
    base = f"http://user:p%20w@127.0.0.1:{stranger.port}/api/"
    headers = {"Idempotency-Key": "k1", "Authorization": "Bearer other"}
    for path in ("/v1/a%2Fb?x=%C3%A9&y=1", "/ü ber"):
        await outbound.call(base, "POST", path, headers=headers, content=b"{}", answer_bytes_max=9)
    first, second = stranger.heads
    assert first.startswith("post /api/v1/a%2fb?x=%c3%a9&y=1 http/1.1\r\n")
    assert second.startswith("post /api/%c3%bc%20ber http/1.1\r\n")
    assert "authorization: basic dxnlcjpwihc=\r\n" in first
    assert first.count("authorization") == 1
    assert "idempotency-key: k1\r\n" in first
    assert "content-length: 2\r\n" in first


async def test_a_base_may_have_any_form_of_a_host(stranger: Stranger) -> None:
    resolve, asked = resolving("127.0.0.1")
    for host in ("Büro.example", "[::1]"):
        await reached(Line(f"http://{host}:{stranger.port}/lager/größe/", resolve=resolve))
    first, second = stranger.heads
    assert asked == ["xn--bro-hoa.example", "::1"]
    assert first.startswith("get /lager/gr%c3%b6%c3%9fe/ http/1.1\r\n")
    assert f"host: xn--bro-hoa.example:{stranger.port}\r\n" in first
    assert f"host: [::1]:{stranger.port}\r\n" in second


@pytest.mark.parametrize(
    "base", ["http://", "http://a:70000", "http://[::1", "http://a b", f"http://{'a' * 64}.example"]
)
async def test_a_base_that_is_no_address_gets_no_reply(base: str) -> None:
    with pytest.raises(NoReply):
        await ask(base)


def test_hosts_addresses_and_networks_are_allowed_by_name() -> None:
    allowed = Allowed(["Vendor.lan ", "10.1.0.0/16", "192.168.7.7"])
    assert allowed.has("vendor.LAN", ip_address("10.9.9.9"))
    assert allowed.has("any.example", ip_address("10.1.2.3"))
    assert allowed.has("any.example", ip_address("192.168.7.7"))
    assert not allowed.has("any.example", ip_address("10.2.0.1"))
    with pytest.raises(ValueError, match="10"):
        Allowed(["10.0.0.0/99"])


async def reached(line: Line) -> bytes:
    return (await line.call("GET", "/", {}, b"", 100)).body


def resolving(*addresses: str) -> tuple[Resolve, list[str]]:
    """Return what finds these addresses for every name, and the names it was asked for."""
    asked: list[str] = []

    async def resolve(host: str, port: int) -> list[str]:
        asked.append(host)
        return list(addresses)

    return resolve, asked


@pytest.mark.usefixtures("closed")
async def test_one_inside_address_among_public_ones_refuses_the_name(stranger: Stranger) -> None:
    resolve, _ = resolving("93.184.216.34", "127.0.0.1")
    with pytest.raises(PrivateTarget):
        await reached(Line(f"http://rebind.example:{stranger.port}", resolve=resolve))
    assert stranger.heads == []


async def test_the_connection_goes_to_the_address_that_was_looked_at(stranger: Stranger) -> None:
    resolve, asked = resolving("127.0.0.1")
    line = Line(f"http://nowhere.invalid:{stranger.port}", resolve=resolve)
    assert await reached(line) == b"ok"
    assert asked == ["nowhere.invalid"]
    assert f"host: nowhere.invalid:{stranger.port}" in stranger.heads[0]


async def test_the_next_address_is_tried_when_one_takes_no_connection(stranger: Stranger) -> None:
    outbound.allow(["127.0.0.0/8"])
    resolve, _ = resolving("127.0.0.2", "127.0.0.1")  # only the second one listens
    try:
        line = Line(f"http://twice.example:{stranger.port}", resolve=resolve)
        assert await reached(line) == b"ok"
    finally:
        outbound.allow(["127.0.0.1"])


async def test_a_name_without_an_address_is_not_reached() -> None:
    resolve, _ = resolving()
    with pytest.raises(NoReply, match="it has no address"):
        await reached(Line("http://nowhere.invalid", resolve=resolve))


@pytest.fixture
def certified(tmp_path: Path) -> tuple[Path, Path]:
    """A key and a certificate of carrier.example."""
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-nodes", "-keyout", key, "-out", certificate, "-days", "2", "-subj", "/CN=carrier",
         "-addext", "subjectAltName=DNS:carrier.example"],
        check=True,
        capture_output=True,
    )  # fmt: skip
    return key, certificate


async def test_a_certificate_must_be_of_the_name_not_of_the_address(
    certified: tuple[Path, Path],
) -> None:
    key, certificate = certified
    served = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    served.load_cert_chain(certificate, key)
    server = await asyncio.start_server(Stranger().serve, "127.0.0.1", 0, ssl=served)
    port = server.sockets[0].getsockname()[1]

    resolve, _ = resolving("127.0.0.1")
    trusted = ssl.create_default_context(cafile=str(certificate))
    line = Line(f"https://carrier.example:{port}/", tls=trusted, resolve=resolve)
    assert await reached(line) == b"ok"
    line = Line(f"https://other.example:{port}/", tls=trusted, resolve=resolve)
    with pytest.raises(NoReply, match="SSLCertVerificationError"):
        await reached(line)
    server.close()
