"""Transfers over HTTP: one story, and who may see and say what."""

from crosslane.transfers import ROUTES
from tests.edge import clients, send
from tests.transfers.play import Play


async def test_a_transfer_is_asked_for_sent_received_and_told_of(play: Play):
    async with clients(ROUTES, play.database, play.lanes, play.tenant) as client:
        office = client("transfers:*")
        wish = {
            "source": "DC",
            "destination": "LEEDS",
            "lines": [{"sku": "MUG", "quantity": 6}, {"sku": "MUG", "quantity": 4}],
            "note": "for the window",
        }
        made = await send(office, "transfers", wish, "one")
        assert made.status_code == 201, made.text
        again = await send(office, "transfers", wish, "one")
        assert again.json()["number"] == made.json()["number"]
        assert again.headers["Idempotency-Replayed"] == "true"
        number = made.json()["number"]
        assert [line["requested"] for line in made.json()["lines"]] == [10]

        too_many = await send(
            office, "transfers", wish | {"lines": [{"sku": "MUG", "quantity": 31}]}
        )
        assert too_many.status_code == 409
        assert too_many.json()["pointer"] == "/lines/0/quantity"

        sent = await send(office, f"transfers/{number}/dispatches", {})
        assert (sent.json()["state"], sent.json()["lines"][0]["on_way"]) == ("sent", 10)
        came = {"lines": [{"sku": "MUG", "quantity": 7, "damaged": 1}]}
        assert (await send(office, f"transfers/{number}/arrivals", came)).json()[
            "state"
        ] == "received"
        refused = await send(office, f"transfers/{number}/cancellation", {})
        assert (refused.status_code, refused.json()["code"]) == (409, "nothing-to-send")
        closed = await send(office, f"transfers/{number}/closure", {"code": "lost"})
        assert (closed.json()["state"], closed.json()["lines"][0]["written_off"]) == ("closed", 2)

        history = (await office.get(f"transfers/{number.lower()}/history?limit=3")).json()
        assert [(x["deed"], x["units"]) for x in history["items"]] == [
            ("request", 10),
            ("send", 10),
            ("receive", 7),
        ]
        rest = await office.get(f"transfers/{number}/history?cursor={history['next_cursor']}")
        assert [(x["deed"], x["units"], x["code"]) for x in rest.json()["items"]] == [
            ("damage", 1, ""),
            ("write_off", 2, "lost"),
        ]
        listed = (await office.get("transfers?state=closed&source=DC")).json()["items"]
        assert [one["number"] for one in listed] == [number]
        assert (await office.get("transfers?destination=YORK")).json()["items"] == []


async def test_people_of_a_store_see_and_say_what_is_theirs(play: Play):
    one = await play.send(await play.ask(3))
    async with clients(ROUTES, play.database, play.lanes, play.tenant) as client:
        held = {"location_id": play.shop.locations["LEEDS"]}
        leeds = client("transfers:*", **held)
        york = client("transfers:*", location_id=play.shop.locations["YORK"])
        assert [x["number"] for x in (await leeds.get("transfers")).json()["items"]] == [one.number]
        assert (await york.get("transfers")).json()["items"] == []
        assert (await york.get("transfers?destination=LEEDS")).status_code == 403
        assert (await york.get(f"transfers/{one.id}")).status_code == 404
        assert (await york.get(f"transfers/{one.id}/history")).status_code == 404
        for path in ("dispatches", "arrivals", "cancellation"):
            assert (await send(york, f"transfers/{one.id}/{path}", {})).status_code == 404
        assert (await send(leeds, f"transfers/{one.id}/dispatches", {})).status_code == 403
        reader = client("transfers:read", **held)
        assert (await send(reader, f"transfers/{one.id}/arrivals", {})).status_code == 403
        assert (await send(leeds, f"transfers/{one.id}/arrivals", {})).status_code == 201
