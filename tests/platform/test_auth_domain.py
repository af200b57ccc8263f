from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from argon2 import extract_parameters
from hypothesis import given
from hypothesis import strategies as st

from crosslane.platform.actor import Actor, covers
from crosslane.platform.auth import ROLES, SELF, domain, errors, passwords, permissions_of
from crosslane.platform.auth.domain import Attempts
from crosslane.platform.auth.roles import KEY_ROLES, STAFF_ROLES, missing
from crosslane.platform.tokens import Link, open_link, sign_link

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("held", "wanted", "covered"),
    [
        ({"*"}, "orders:place", True),
        ({"*"}, "*", True),
        ({"orders:*"}, "orders:place", True),
        ({"orders:*"}, "orders:*", True),
        ({"orders:*"}, "carts:place", False),
        ({"*:read"}, "orders:read", True),
        ({"*:read"}, "*:read", True),
        ({"*:read"}, "orders:*", False),
        ({"orders:read", "carts:read"}, "*:read", False),
        ({"orders:place"}, "orders:*", False),
        ({"orders:place"}, "*", False),
        (set(), "orders:place", False),
    ],
)
def test_permissions_cover(held, wanted, covered):
    assert covers(held, wanted) is covered
    assert missing(held, [wanted]) == ([] if covered else [wanted])


def test_a_key_gets_no_more_than_its_role():
    held = permissions_of("integrator", ["orders:*", "auth:write", "*"])
    assert held == {SELF, "orders:*"}
    assert permissions_of("nobody") == frozenset()


def test_only_administrators_hand_out_access():
    for role in ROLES:
        assert covers(frozenset(ROLES[role]), "auth:write") is (role == "admin")


def test_every_role_that_can_be_given_is_in_the_table():
    assert {*KEY_ROLES, *STAFF_ROLES, "customer"} == set(ROLES)


def test_nobody_gives_what_it_does_not_have():
    giver = Actor("staff", "1", frozenset({"orders:*", "auth:write"}))
    domain.refuse_gift(giver, ["orders:read"])
    with pytest.raises(errors.MoreThanYouHave) as caught:
        domain.refuse_gift(giver, ["orders:read", "carts:read"])
    assert caught.value.details == {"permission": "carts:read"}


@pytest.mark.parametrize("text", ["", "a", "a@", "@b", "a@b@c", "a b@c", "<a@b>", "x" * 70 + "@b"])
def test_what_is_no_email(text):
    with pytest.raises(errors.BadEmail):
        domain.normal_email(text)


def test_an_email_is_compared_without_case_and_blanks():
    assert domain.normal_email(" Ann@Example.COM ") == "ann@example.com"


def test_wrong_passwords_lock_and_do_not_lengthen_the_lock():
    attempts = Attempts(0, None, True)
    for _ in range(domain.FAILURES_MAX):
        assert not attempts.is_locked(NOW)
        attempts = domain.after_failure(attempts, NOW)
    assert attempts.is_locked(NOW)
    later = NOW + timedelta(minutes=1)
    assert domain.after_failure(attempts, later) == attempts
    assert not attempts.is_locked(NOW + timedelta(minutes=domain.LOCK_MINUTES))


def test_a_session_ends_when_idle_and_at_the_latest():
    idle = timedelta(hours=domain.SESSION_IDLE_HOURS)
    latest = NOW + timedelta(days=domain.SESSION_DAYS_MAX)
    assert domain.is_open(NOW + idle / 2, seen_at=NOW, expires_at=latest)
    assert not domain.is_open(NOW + idle, seen_at=NOW, expires_at=latest)
    assert not domain.is_open(latest, seen_at=latest, expires_at=latest)


@pytest.mark.parametrize("days", [-1, 0, domain.KEY_DAYS_MAX + 1])
def test_a_key_expires_in_the_future_but_not_in_the_far_one(days):
    with pytest.raises(errors.BadExpiry):
        domain.refuse_expiry(NOW + timedelta(days=days), NOW)
    domain.refuse_expiry(NOW + timedelta(days=1), NOW)
    domain.refuse_expiry(None, NOW)


@pytest.mark.parametrize(
    "password", ["short", "x" * (passwords.PASSWORD_CHARACTERS_MAX + 1), "Long.Name@example.com"]
)
def test_weak_passwords(password):
    with pytest.raises(passwords.WeakPassword):
        passwords.require_password(password, "long.name@example.com")


# The product's own, before tests make it cheap.
HASHER = passwords._HASHER


def test_nobodys_hash_takes_the_work_of_any_other():
    hashed = HASHER.hash("a long sentence")
    assert extract_parameters(passwords._NOBODYS) == extract_parameters(hashed)


async def test_passwords_match_their_own_hash_only():
    hashed = await passwords.hash_password("a long sentence")
    assert hashed.startswith("$argon2id$")
    assert await passwords.matches("a long sentence", hashed)
    assert not await passwords.matches("a long sentencE", hashed)
    assert not await passwords.matches("a long sentence", "")
    assert not await passwords.matches("a long sentence", "no hash")


LINK = Link("ab12cd34ef", "order", UUID(int=7), NOW + timedelta(days=1))


def test_a_link_opens_until_it_expires():
    text = sign_link(b"key", LINK)
    assert open_link(b"key", text, NOW) == LINK
    assert open_link(b"key", text, LINK.expires_at) is None
    assert open_link(b"other", text, NOW) is None


@given(st.integers(0, 200), st.characters(codec="ascii"))
def test_a_link_that_was_tampered_with_does_not_open(place, character):
    text = sign_link(b"key", LINK)
    place %= len(text)
    changed = text[:place] + character + text[place + 1 :]
    assert changed == text or open_link(b"key", changed, NOW) is None
