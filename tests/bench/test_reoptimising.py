"""The bench of open orders runs on a file and says what it found."""

from pathlib import Path

import numpy as np

from crosslane import bench


def instance_file(folder: Path, *, orders: int = 120, variants: int = 20) -> Path:
    """Two warehouses and a store, orders of one to three lines and some customers in the store."""
    draw = np.random.default_rng(4)
    sizes = draw.integers(1, 4, orders)
    kind = draw.choice([0, 1, 2], orders, p=[0.7, 0.1, 0.2])
    sizes[kind == 2] = 1
    path = folder / "tiny.npz"
    np.savez(
        path,
        **{"N": 3, "S": variants, "J": 4, "D": 2},
        **{"ntype": np.array([0, 0, 1]), "zone": draw.integers(0, 2, (3, 4))},
        **{"dist": draw.random((3, 4)) * 100, "h_pkg": np.array([0.5, 0.5, 1.1])},
        **{"h_unit": np.array([0.1, 0.1, 0.2]), "fee": np.array([[3.0, 4.0], [4.0, 6.0]])},
        **{"perkg": np.array([0.1, 0.2]), "wbreak": np.array([2.0]), "xup": np.array([2.0, 3.0])},
        **{"late": 5.0, "weight": draw.random(variants), "price": np.full(variants, 30.0)},
        **{"margin": np.full(variants, 9.0), "pen": np.full(variants, 15.0)},
        **{"sptr": np.arange(variants + 1) * 3, "snode": np.tile(np.arange(3), variants)},
        **{"stock": draw.integers(0, 8, variants * 3), "extra": np.zeros(variants * 3)},
        **{"cap": np.full((3, 2), 25), "fc_sku": np.ones(variants), "pop": np.full(4, 0.25)},
        **{"t": np.sort(draw.random(orders) * 2), "oday": np.sort(draw.integers(0, 2, orders))},
        **{"reg": np.where(kind == 2, 2, draw.integers(0, 4, orders)), "cls": kind},
        **{"optr": np.concatenate([[0], np.cumsum(sizes)])},
        **{"osku": draw.integers(0, variants, sizes.sum()), "oqty": np.ones(sizes.sum())},
    )
    return path


async def test_open_orders_of_a_file_are_decided_together(tmp_path: Path):
    path = instance_file(tmp_path)
    for hindsight in (False, True):
        figures = {
            each.key: each.value
            for each in await bench.reoptimising([path], orders=40, hindsight=hindsight)
        }
        assert 0 < figures["tiny_bound"] <= figures["tiny_cost"]
        assert figures["tiny_seconds"] >= 0
