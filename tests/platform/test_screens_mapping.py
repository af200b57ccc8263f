"""Maps: every place lies on the picture, and the outline is cut to it."""

import json
import re

from hypothesis import given
from hypothesis import strategies as st

from crosslane.platform.screens import Pin, mapping

pins = st.builds(
    Pin, title=st.just("A"), lat=st.floats(-84, 84, width=32), lon=st.floats(-180, 180, width=32)
)


@given(st.lists(pins, min_size=1, max_size=6))
def test_every_place_lies_within_the_picture(places):
    found = mapping.drawn(places)
    assert all(0 <= x <= mapping.WIDTH and 0 <= y <= mapping.HEIGHT for x, y in found.spots)
    numbers = [int(each) for each in re.findall(r"-?\d+", found.land)]
    # Cut a little outside of what is seen, so that no border runs along the edge.
    assert all(-20 <= each <= mapping.WIDTH + 20 for each in numbers)


def test_north_is_up_and_east_is_right():
    (york, bath) = mapping.drawn([Pin("York", 53.96, -1.08), Pin("Bath", 51.38, -2.36)]).spots
    assert york[0] > bath[0]
    assert york[1] < bath[1]


def test_the_land_around_a_place_is_small_enough_for_a_page():
    land = mapping.drawn([Pin("York", 53.96, -1.08), Pin("Cork", 51.9, -8.47)]).land
    assert land.startswith("M")
    assert len(land) < 12_000


def test_a_map_without_places_shows_land_and_no_pins():
    found = mapping.drawn([])
    assert (found.spots, found.land.startswith("M")) == ([], True)


def test_what_a_script_reads_is_all_of_it():
    read = json.loads(mapping.told([Pin("</script>", 1.0, 2.0)], [(0, 0)]))
    assert (read["pins"][0]["title"], read["links"], read["tiles"]) == ("</script>", [[0, 0]], "")
