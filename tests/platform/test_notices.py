"""Notices of strangers share a connection, and one that is lost is sent again."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from crosslane.platform import notices
from crosslane.platform.misdeeds import Refused
from crosslane.platform.notices import Addressee, send_until_accepted
from crosslane.platform.strangers import Asked, Stranger

SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZg=="


class Reader(Stranger):
    """Takes notices, each on the connection it came by."""

    def __init__(self) -> None:
        super().__init__(0)
        self.taken: list[str] = []
        self.connections = 0
        self.refusals = 0
        self.answer_bytes = 0

    def process_request(self, *accepted: Any) -> None:
        self.connections += 1
        super().process_request(*accepted)

    def answer(self, asked: Asked) -> tuple[int, Any]:
        if self.refusals:
            self.refusals -= 1
            raise Refused(503, "later")
        self.taken.append(asked.headers["webhook-id"])
        return 200, b"x" * self.answer_bytes


@pytest.fixture
def reader(monkeypatch: pytest.MonkeyPatch) -> Iterator[Reader]:
    monkeypatch.setattr(notices, "RETRY_SECONDS_FIRST", 0.01)
    reader = Reader()
    threading.Thread(target=reader.serve_forever, args=(0.01,), daemon=True).start()
    yield reader
    reader.shutdown()
    reader.server_close()


def send(reader: Reader, *names: str) -> None:
    url = f"http://127.0.0.1:{reader.server_address[1]}/told?by=us"
    for name in names:
        send_until_accepted(lambda: Addressee(url, SECRET), name, b"{}")


def test_notices_share_a_connection(reader: Reader):
    send(reader, "1", "2", "3")
    assert reader.taken == ["1", "2", "3"]
    assert reader.connections == 1


def test_a_notice_that_is_not_taken_is_sent_again(reader: Reader):
    reader.refusals = 2
    send(reader, "1")
    assert reader.taken == ["1"]


def test_a_connection_that_was_dropped_costs_no_notice(reader: Reader):
    send(reader, "1")
    connection = notices._kept.connection
    assert connection is not None
    connection.sock.shutdown(2)
    send(reader, "2")
    assert reader.taken == ["1", "2"]


def test_an_answer_without_end_is_not_read_as_the_next_one(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(notices, "ANSWER_BYTES_MAX", 10)
    reader.answer_bytes = 100
    send(reader, "1", "2")
    assert reader.taken == ["1", "2"]
    assert reader.connections == 2
