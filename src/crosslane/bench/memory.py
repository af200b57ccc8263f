"""Peak memory of a web process that has the demo's retailer in memory and serves it."""

from itertools import count

from crosslane.bench.availability import CLIENTS, questions
from crosslane.bench.crowd import gather_crowd, get
from crosslane.bench.figures import DEMO, Figure, Scale
from crosslane.bench.placing import order_requests
from crosslane.bench.site import HOST, site

PEAK_MB_MOST = 250.0
READS = (
    "/api/v1/openapi.json",
    "/api/v1/locations?limit=250",
    "/api/v1/orders?limit=250",
    "/api/v1/prices?channel=web&country=GB&sku=A00001&sku=A00002",
)


async def memory(scale: Scale = DEMO) -> list[Figure]:
    """Measure the peak while 64 clients place orders, ask for availability and read lists."""
    async with site(scale) as made, made.web() as web:
        reads = [get(path, host=HOST, api_key=key) for path in READS for key in made.api_keys]
        for requests in (
            questions(made.api_keys, scale),
            order_requests(made.api_keys, scale, hot=False, numbers=count(1)),
            reads,
        ):
            told = await gather_crowd(web.url, requests, clients=CLIENTS, seconds=scale.seconds / 2)
            if told.failures:
                raise RuntimeError(f"{told.failures} requests failed")
        peaks = web.peak_memory_mb()
    return [
        Figure(name=f"web process {number}, peak", value=peak, unit="MB", most=PEAK_MB_MOST)
        for number, peak in enumerate(peaks, start=1)
    ]
