"""Pages for people: forms that are sent twice, signing in, parts of a page, words and files."""

import gzip
import re
from datetime import UTC, datetime
from uuid import uuid4

import msgspec
import pytest
from babel import Locale

from crosslane.platform.actor import Actor
from crosslane.platform.screens import Pages, Viewer, Words, look_of, mapping, read_form, see_other
from crosslane.platform.screens.assets import address_of, assets
from crosslane.platform.screens.pages import OWN, icon, policy
from crosslane.platform.screens.routes import ROUTES
from crosslane.platform.screens.writing import filters_for
from crosslane.platform.web import EdgeRefusal
from crosslane.platform.web.errors import InvalidField
from tests.edge import clients

STAFF = Actor("staff", str(uuid4()), frozenset(["orders:read"]))


def viewer(language: str = "en_GB", **told) -> Viewer:
    return Viewer(actor=STAFF, locale=Locale.parse(language), **told)


def test_a_form_tells_texts_numbers_ids_and_groups():
    one = uuid4()
    sent = f"a=+x+&n=12&id={one}&units.1=2&units.2=&box=on&many=1&many=2&empty=".encode()
    form = read_form(sent)
    assert (form.text("a"), form.number("n"), form.id("id")) == ("x", 12, one)
    assert dict(form.group("units")) == {"1": "2", "2": ""}
    assert (form.checked("box"), form.checked("other"), form.texts("many")) == (
        True,
        False,
        ["1", "2"],
    )
    assert (form.number("empty"), form.number("absent", 3), form.id("empty")) == (None, 3, None)


@pytest.mark.parametrize("body", [b"a=%00", b"a=\xff", b"a=%ff", b"&".join([b"a=1"] * 3_001)])
def test_what_is_no_form_is_refused(body):
    with pytest.raises(EdgeRefusal):
        read_form(body)


def test_a_number_that_is_none_is_refused_with_its_field():
    with pytest.raises(InvalidField) as caught:
        read_form(b"n=many").number("n")
    assert caught.value.pointer == "/n"


def test_a_browser_is_sent_on_only_within_this_host():
    assert see_other("//evil.example/x").headers["Location"] == "/evil.example/x"
    assert see_other("/office", toast="Saved.").headers["Set-Cookie"].startswith("crosslane-toast=")


def test_money_days_and_numbers_are_written_by_locale():
    at = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)
    german = filters_for(viewer("de_DE", timezone="Europe/Berlin"))
    assert german["money"](123_456, "EUR") == "1.234,56\xa0€"
    assert (german["day"](at), german["number"](12_345)) == ("02.03.2026", "12.345")
    assert filters_for(viewer())["percent"](8_990) == "89.9%"


def test_words_fall_back_to_what_the_source_says():
    words = Words("de", {"One": "Eins", "%(n)s order": ("%(n)s Auftrag", "%(n)s Aufträge")})
    assert (words("One"), words("Two"), words("Hi %(who)s", who="A")) == ("Eins", "Two", "Hi A")
    assert words.plural("%(n)s order", "%(n)s orders", 1) == "1 Auftrag"
    assert words.plural("%(n)s order", "%(n)s orders", 3) == "3 Aufträge"


def test_a_look_that_is_none_of_ours_is_passed_over():
    assert look_of({"crosslane-look": "de.dark.compact"}).cookie() == "de.dark.compact"
    assert look_of({"crosslane-look": "xx.pink.<b>"}).cookie() == ".auto.comfortable"
    assert look_of({"crosslane-look": "de"}).cookie() == ".auto.comfortable"


def test_a_page_forbids_what_is_not_ours_and_tells_where_its_forms_come_from():
    answer = Pages(OWN).answer(viewer("de_DE", toast="<b>"), "page.html")
    html = answer.content.decode()
    assert "Zum Inhalt springen" in html
    assert "&lt;b&gt;" in html
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert "'unsafe" not in answer.headers["Content-Security-Policy"]


def test_pictures_come_from_a_tile_server_only_when_one_is_named(monkeypatch):
    monkeypatch.setattr(mapping.Tiles, "origin", "")
    mapping.use_tiles("https://tiles.example:8443/{z}/{x}/{y}.png")
    assert "img-src 'self' data: blob: https://tiles.example:8443;" in policy()
    mapping.use_tiles("")
    assert "https:" not in policy()


async def test_what_browsers_report_is_taken_up_to_a_size(database, lanes, tenant):
    async with clients(ROUTES, database, lanes, tenant) as client:
        told = {"csp-report": {"violated-directive": "script-src"}}
        headers = {"Content-Type": "application/csp-report"}
        url = "http://shop.example/csp-reports"
        answer = await client().post(url, content=msgspec.json.encode(told), headers=headers)
        assert answer.status_code == 204
        large = await client().post(url, content=b"x" * (1 << 15), headers=headers)
        assert large.status_code == 413


async def test_a_look_is_kept_by_the_browser_and_leads_back(database, lanes, tenant):
    async with clients(ROUTES, database, lanes, tenant) as client:
        answer = await client().post(
            "http://shop.example/look",
            content="language=de&theme=dark&density=compact",
            headers={
                "Content-Type": "application/x-www-form-urlencoded",
                "Referer": "http://shop.example/office/orders?state=open",
            },
        )
        assert (answer.status_code, answer.headers["location"]) == (
            303,
            "/office/orders?state=open",
        )
        assert answer.headers["set-cookie"].startswith("crosslane-look=de.dark.compact;")


def test_pages_are_squeezed_for_browsers_that_can_unpack_them():
    packed = Pages(OWN).answer(viewer(unpacks=True), "frame.html")
    plain = Pages(OWN).answer(viewer(), "frame.html")
    assert gzip.decompress(packed.content).startswith(b"<!doctype html>")
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in plain.headers


def test_what_every_page_loads_is_light():
    page = Pages(OWN).answer(viewer(), "frame.html").content.decode()
    names = set(re.findall(r"/static/[0-9a-f]+/([\w.-]+)", page)) | {"inter.woff2"}
    weights = {name: len(assets()[name].squeezed or assets()[name].content) for name in names}
    # Of the 150 kB a page may weigh, the rest is its own.
    assert sum(weights.values()) < 100_000, weights


def test_an_icon_that_is_not_there_is_no_silent_gap():
    with pytest.raises(LookupError, match="no icon is called unicorn"):
        icon("unicorn")


def test_style_sheets_name_files_by_addresses_that_change_with_them():
    assert address_of("inter.woff2").encode() in assets()["crosslane.css"].content


async def test_files_are_kept_for_ever_and_squeezed_for_who_can_read_it(database, lanes, tenant):
    async with clients(ROUTES, database, lanes, tenant) as client:
        path = f"http://shop.example{address_of('crosslane.css')}"
        found = await client().get(path)
        assert found.status_code == 200
        assert "immutable" in found.headers["cache-control"]
        assert found.headers["content-type"].startswith("text/css")
        gone = await client().get("http://shop.example/static/000000000000/crosslane.css")
        assert gone.status_code == 404
