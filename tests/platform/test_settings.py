import os
import re
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from crosslane.platform.settings import BadSettings, read_settings


def test_nothing_needs_to_be_set() -> None:
    settings = read_settings({})
    assert settings.database_url is None
    assert settings.public_url == "http://127.0.0.1:8700"
    assert 1 <= settings.workers <= 4


@pytest.mark.parametrize(
    ("cores", "web_processes"), [(None, 1), (1, 1), (2, 1), (3, 1), (4, 2), (64, 4)]
)
def test_half_the_cores_are_left_to_the_database_and_the_worker(
    monkeypatch: pytest.MonkeyPatch, cores: int | None, web_processes: int
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    assert read_settings({}).workers == web_processes


def test_every_setting_is_read(tmp_path: Path) -> None:
    settings = read_settings(
        {
            "CROSSLANE_HOME": str(tmp_path),
            "DATABASE_URL": "postgresql://u:p@db:5433/orders",
            "CROSSLANE_HOST": "0.0.0.0",  # noqa: S104
            "CROSSLANE_PORT": "80",
            "CROSSLANE_WORKERS": "7",
            "CROSSLANE_PUBLIC_URL": "https://shop.example/",
            "CROSSLANE_SMTP_URL": "smtps://me%40x:s%3Aecret@mail.example",
            "CROSSLANE_MAIL_FROM": "hello@shop.example",
            "CROSSLANE_EXCHANGE": "/srv/exchange",
            "CROSSLANE_TILES_URL": "https://tiles.example/{z}/{x}/{y}.png",
            "CROSSLANE_LOG_LEVEL": "WARNING",
            "CROSSLANE_SECRET_KEY": "ab" * 32,
        }
    )
    assert settings.home == tmp_path
    assert (settings.host, settings.port, settings.workers) == ("0.0.0.0", 80, 7)  # noqa: S104
    assert settings.public_url == "https://shop.example"
    assert settings.smtp is not None
    assert (settings.smtp.host, settings.smtp.port, settings.smtp.tls) == (
        "mail.example",
        465,
        True,
    )
    assert (settings.smtp.user, settings.smtp.password) == ("me@x", "s:ecret")
    assert settings.exchange == Path("/srv/exchange")
    assert settings.tiles_url == "https://tiles.example/{z}/{x}/{y}.png"
    assert settings.log_level == "warning"
    assert settings.secret_key() == bytes.fromhex("ab" * 32)
    printed = repr(settings)
    assert "s:ecret" not in printed
    assert "u:p@" not in printed
    assert "abab" not in printed


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("CROSSLANE_PORT", "65536", "0 to 65535"),
        ("CROSSLANE_PORT", "-1", "0 to 65535"),
        ("CROSSLANE_PORT", "8७", "0 to 65535"),
        ("CROSSLANE_WORKERS", "0", "1 to 64"),
        ("CROSSLANE_WORKERS", "9" * 5000, "1 to 64"),
        ("DATABASE_URL", "mysql://x", "postgresql://"),
        ("DATABASE_URL", "postgresql://h:port/x", "postgresql://"),
        ("CROSSLANE_PUBLIC_URL", "shop.example", "https://"),
        ("CROSSLANE_PUBLIC_URL", "https://shop.example/orders", "without a path"),
        ("CROSSLANE_SMTP_URL", "mail.example:25", "smtp://"),
        ("CROSSLANE_MAIL_FROM", "me", "e-mail address"),
        ("CROSSLANE_LOG_LEVEL", "loud", "debug, info"),
        ("CROSSLANE_SECRET_KEY", "abc", "64 hexadecimal"),
    ],
)
def test_bad_value_is_named_with_what_it_should_be(name: str, value: str, told: str) -> None:
    with pytest.raises(BadSettings, match=rf"{name} must be .*{re.escape(told)}"):
        read_settings({name: value})


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(BadSettings, match=r"CROSSLANE_PORT.*CROSSLANE_LOG_LEVEL"):
        read_settings({"CROSSLANE_PORT": "x", "CROSSLANE_LOG_LEVEL": "x"})


def test_secret_key_is_made_once_even_by_many_at_once(tmp_path: Path) -> None:
    settings = read_settings({"CROSSLANE_HOME": str(tmp_path / "home")})
    with ThreadPoolExecutor(16) as threads:
        keys = set(threads.map(lambda _: settings.secret_key(), range(64)))
    assert len(keys) == 1
    assert len(keys.pop()) == 32
    kept = tmp_path / "home" / "secret-key"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert sorted(path.name for path in kept.parent.iterdir()) == ["secret-key"]


def test_damaged_secret_key_is_not_replaced_in_silence(tmp_path: Path) -> None:
    (tmp_path / "secret-key").write_text("")
    with pytest.raises(BadSettings, match="backup"):
        read_settings({"CROSSLANE_HOME": str(tmp_path)}).secret_key()
