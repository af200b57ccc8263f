"""Peak memory of a web process that has the demo's retailer in memory and serves it."""

import msgspec

from crosslane.bench.availability import CLIENTS, questions
from crosslane.bench.crowd import gather_crowd, get, post
from crosslane.bench.figures import DEMO, Figure, Scale
from crosslane.bench.placing import orders_of
from crosslane.bench.site import HOST, site

PEAK_MB_MOST = 250.0
READS = (
    "/api/v1/openapi.json",
    "/api/v1/locations?limit=250",
    "/api/v1/orders?limit=250",
    "/api/v1/prices?channel=web&country=GB&sku=A0001&sku=A0002",
)


async def memory(scale: Scale = DEMO) -> list[Figure]:
    """Measure the peak while 64 clients place orders, ask for availability and read lists."""
    async with site(scale) as made, made.web() as web:
        orders = orders_of(scale, hot=False)
        placing = [
            post(
                "/api/v1/orders",
                msgspec.json.encode(next(orders)),
                host=HOST,
                api_key=made.api_keys[number % len(made.api_keys)],
                key=f"bench-{number}",
            )
            for number in range(scale.orders)
        ]
        reads = [get(path, host=HOST, api_key=key) for path in READS for key in made.api_keys]
        for requests in (questions(made.api_keys, scale), placing, reads):
            told = await gather_crowd(web.url, requests, clients=CLIENTS, seconds=scale.seconds / 2)
            if told.failures:
                raise RuntimeError(f"{told.failures} requests failed")
        peaks = web.peak_memory_mb()
    return [
        Figure(name=f"web process {number}, peak", value=peak, unit="MB", most=PEAK_MB_MOST)
        for number, peak in enumerate(peaks, start=1)
    ]
