"""Instance files are read as they are meant, or refused with what is wrong."""

import numpy as np
import pytest

from crosslane.bench import FAMILIES, Family, made_up, write_instance
from crosslane.sourcing.fields import MILLI_PER_UNIT, NO_LIMIT, NoInstance, load_instance

FEW = Family(variants=20, regions=6, stores=3, orders=60, walk_ins=60)


@pytest.fixture
def arrays():
    return made_up(FEW, 1)


def written(tmp_path, arrays):
    write_instance(tmp_path / "made.npz", arrays)
    return tmp_path / "made.npz"


def test_what_is_written_is_read(tmp_path, arrays):
    instance = load_instance(written(tmp_path, arrays))
    assert instance.days == FEW.days
    assert len(instance.demand.at) == FEW.orders + FEW.walk_ins
    assert (instance.start.stock == arrays["stock"]).all()
    assert instance.field.parcel_milli[0] == round(arrays["h_pkg"][0] * MILLI_PER_UNIT)
    assert instance.field.capacity.shape == instance.start.sent.shape


def test_equal_seeds_give_equal_instances():
    one, same, other = made_up(FEW, 1), made_up(FEW, 1), made_up(FEW, 2)
    assert all((one[name] == same[name]).all() for name in one)
    assert (one["osku"].shape != other["osku"].shape) or (one["osku"] != other["osku"]).any()


@pytest.mark.parametrize("name", FAMILIES)
def test_every_family_can_be_made(tmp_path, name):
    instance = load_instance(written(tmp_path, made_up(FAMILIES[name], 3)))
    assert instance.demand.starts[-1] == len(instance.demand.variant)
    assert (instance.start.stock > 0).all()


def test_lines_of_one_variant_in_one_order_are_one(tmp_path, arrays):
    arrays["osku"] = arrays["osku"].copy()
    sizes = np.diff(arrays["optr"])
    event = int(np.argmax(sizes))
    first = arrays["optr"][event]
    arrays["osku"][first + 1] = arrays["osku"][first]
    demand = load_instance(written(tmp_path, arrays)).demand
    assert np.diff(demand.starts)[event] == sizes[event] - 1
    assert demand.quantity.sum() == arrays["oqty"].sum()


def test_what_is_endless_has_no_limit(tmp_path, arrays):
    arrays["cap"] = np.where(arrays["cap"] >= NO_LIMIT, np.inf, arrays["cap"])
    endless = load_instance(written(tmp_path, arrays)).field.capacity
    assert (endless == load_instance(written(tmp_path, made_up(FEW, 1))).field.capacity).all()


@pytest.mark.parametrize(
    ("name", "change", "problem"),
    [
        ("stock", lambda a: None, "lacks stock"),
        ("snode", lambda a: a[:-1], "slots do not add up"),
        ("t", lambda a: a[::-1], "order of time"),
        ("osku", lambda a: a + 1000, "names no variant"),
        ("oqty", lambda a: a * 0, "not above zero"),
        ("wbreak", lambda a: a[:-1], "prices and breaks differ"),
        ("optr", lambda a: a[:-1], "events do not add up"),
        ("optr", lambda a: np.concatenate([a[:1], a[2:3], a[1:2], a[3:]]), "events do not add up"),
        ("osku", lambda a: a - 1, "names no variant"),
        ("snode", lambda a: a + 1, "a slot is at no location"),
        ("oday", lambda a: a + 1, "an event is on no day"),
        ("reg", lambda a: a + 1000, "an event is at no place"),
        ("zone", lambda a: a + 9, "a zone has no prices"),
        ("cap", lambda a: a[:, :1], "cap is not of the shape"),
    ],
)
def test_what_is_no_instance_is_refused(tmp_path, arrays, name, change, problem):
    arrays[name] = change(arrays[name])
    if arrays[name] is None:
        del arrays[name]
    with pytest.raises(NoInstance, match=problem):
        load_instance(written(tmp_path, arrays))


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "no instance file"),
        (b"no archive", "no instance file"),
        (b"PK\x03\x04 of which the rest is missing", "no instance file"),
        (None, "cannot be read: No such file"),
    ],
)
def test_a_file_that_is_no_archive_of_arrays_is_refused(tmp_path, content, problem):
    path = tmp_path / "file.npz"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(NoInstance, match=problem):
        load_instance(path)


def test_a_single_array_is_refused(tmp_path):
    path = tmp_path / "array.npy"
    np.save(path, np.zeros(3))
    with pytest.raises(NoInstance, match="single array"):
        load_instance(path)
