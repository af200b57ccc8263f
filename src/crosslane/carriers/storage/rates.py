"""The SQL of carriers, services and prices."""

from collections.abc import Iterable, Sequence

import msgspec

from crosslane.carriers.domain.drafts import read_districts, show_districts
from crosslane.carriers.domain.rates import Carrier, Service, Tariff, Zone, ZoneRule
from crosslane.platform.database import Tx, columns

ROWS_MAX = 200_000

LIST_CARRIERS = """
select code, name, port, endpoint, tracking_url, number_prefix, country, nation, active, version
from carriers_carrier order by code limit $1
"""


async def list_carriers(tx: Tx) -> list[Carrier]:
    """Return every carrier with its zones and rules."""
    zones: dict[str, dict[str, Zone]] = {}
    for carrier, zone in await list_zones(tx):
        zones.setdefault(carrier, {})[zone.code] = zone
    rules: dict[str, list[ZoneRule]] = {}
    for carrier, rule in await list_rules(tx):
        rules.setdefault(carrier, []).append(rule)
    return [
        Carrier(
            **dict(row),
            zones=zones.get(row["code"], {}),
            rules=tuple(rules.get(row["code"], ())),
        )
        for row in await tx.fetch(LIST_CARRIERS, ROWS_MAX)
    ]


LIST_ZONES = "select carrier, code, name, country, nation from carriers_zone limit $1"


async def list_zones(tx: Tx) -> list[tuple[str, Zone]]:
    """Return every zone with the code of its carrier."""
    rows = await tx.fetch(LIST_ZONES, ROWS_MAX)
    return [(r["carrier"], Zone(r["code"], r["name"], r["country"], r["nation"])) for r in rows]


LIST_RULES = """
select carrier, zone, country, area, districts from carriers_zone_rule
order by carrier, place limit $1
"""


async def list_rules(tx: Tx) -> list[tuple[str, ZoneRule]]:
    """Return every zone rule in order with the code of its carrier."""
    return [
        (r["carrier"], ZoneRule(r["zone"], r["country"], r["area"], read_districts(r["districts"])))
        for r in await tx.fetch(LIST_RULES, ROWS_MAX)
    ]


LIST_SERVICES = """
select s.code, s.carrier, s.name, s.speed, s.weight_max_grams, s.length_max_mm,
       s.collection_days, s.transit_days, s.delivery_days, s.active,
       coalesce(jsonb_object_agg(t.zone, t.days) filter (where t.zone is not null), '{}') as transit
from carriers_service s left join carriers_transit t on t.service = s.code
group by s.code order by s.code limit $1
"""


async def list_services(tx: Tx) -> list[Service]:
    """Return every service with its transit days."""
    return [
        Service(
            code=row["code"],
            carrier=row["carrier"],
            name=row["name"],
            speed=row["speed"],
            weight_max_grams=row["weight_max_grams"],
            length_max_mm=row["length_max_mm"],
            collection_days=frozenset(row["collection_days"]),
            transit_days=frozenset(row["transit_days"]),
            delivery_days=frozenset(row["delivery_days"]),
            transit=msgspec.json.decode(row["transit"], type=dict[str, int]),
            active=row["active"],
        )
        for row in await tx.fetch(LIST_SERVICES, ROWS_MAX)
    ]


LIST_TARIFFS = """
select service, zone, currency, valid_from,
       array_agg(weight_max_grams order by weight_max_grams) as weights,
       array_agg(price_minor order by weight_max_grams) as prices
from carriers_price group by service, zone, currency, valid_from limit $1
"""


async def list_tariffs(tx: Tx) -> list[Tariff]:
    """Return the prices of every service, zone and first day."""
    return [
        Tariff(
            service=row["service"],
            zone=row["zone"],
            currency=row["currency"],
            valid_from=row["valid_from"],
            weights=tuple(row["weights"]),
            prices=tuple(row["prices"]),
        )
        for row in await tx.fetch(LIST_TARIFFS, ROWS_MAX)
    ]


UPSERT_CARRIER = """
insert into carriers_carrier as c (code, name, port, endpoint, api_key, tracking_url,
    number_prefix, country, nation, active, changed_at)
values ($1, $2, $3, $4, coalesce($5, ''), $6, $7, $8, $9, $10, $11)
on conflict (code) do update set
    name = $2, port = $3, endpoint = $4, api_key = coalesce($5, c.api_key), tracking_url = $6,
    number_prefix = $7, country = $8, nation = $9, active = $10, changed_at = $11,
    version = c.version + 1
"""


async def upsert_carrier(tx: Tx, carrier: Carrier, api_key: str | None) -> None:
    """Store a carrier; a secret of None keeps the one there is."""
    await tx.execute(
        UPSERT_CARRIER,
        carrier.code,
        carrier.name,
        carrier.port,
        carrier.endpoint,
        api_key,
        carrier.tracking_url,
        carrier.number_prefix,
        carrier.country,
        carrier.nation,
        carrier.active,
        tx.now,
    )


REPLACE_ZONES = """
with gone as (
    delete from carriers_zone where carrier = $1 and code <> all($2::text[])
)
insert into carriers_zone (carrier, code, name, country, nation)
select $1, code, name, country, nation
from unnest($2::text[], $3::text[], $4::text[], $5::text[]) as z(code, name, country, nation)
on conflict (carrier, code) do update set
    name = excluded.name, country = excluded.country, nation = excluded.nation
"""


async def replace_zones(tx: Tx, carrier: Carrier) -> None:
    """Store a carrier's zones in place of those it had."""
    zones = columns(carrier.zones.values(), "code", "name", "country", "nation")
    await tx.execute(REPLACE_ZONES, carrier.code, *zones)


REPLACE_RULES = """
with gone as (
    delete from carriers_zone_rule where carrier = $1 and place > cardinality($2::text[])
)
insert into carriers_zone_rule (carrier, place, zone, country, area, districts)
select $1, place, zone, country, area, districts
from unnest($2::text[], $3::text[], $4::text[], $5::text[]) with ordinality
     as r(zone, country, area, districts, place)
on conflict (carrier, place) do update set
    zone = excluded.zone, country = excluded.country, area = excluded.area,
    districts = excluded.districts
"""


async def replace_rules(tx: Tx, carrier: Carrier) -> None:
    """Store a carrier's zone rules in place of those it had."""
    rules = columns(carrier.rules, "zone", "country", "area")
    districts = [show_districts(rule.districts) for rule in carrier.rules]
    await tx.execute(REPLACE_RULES, carrier.code, *rules, districts)


REPLACE_SERVICES = """
with retired as (
    update carriers_service set active = false
    where carrier = $1 and code not in (
        select code from jsonb_to_recordset($2::jsonb) as s(code text)
    )
)
insert into carriers_service (code, carrier, name, speed, weight_max_grams, length_max_mm,
    collection_days, transit_days, delivery_days, active)
select code, $1, name, speed, weight_max_grams, length_max_mm, collection_days, transit_days,
       delivery_days, active
from jsonb_to_recordset($2::jsonb) as s(
    code text, name text, speed text, weight_max_grams integer, length_max_mm integer,
    collection_days smallint[], transit_days smallint[], delivery_days smallint[], active boolean
)
on conflict (code) do update set
    name = excluded.name, speed = excluded.speed, weight_max_grams = excluded.weight_max_grams,
    length_max_mm = excluded.length_max_mm, collection_days = excluded.collection_days,
    transit_days = excluded.transit_days, delivery_days = excluded.delivery_days,
    active = excluded.active
"""


async def replace_services(tx: Tx, carrier: str, services: Iterable[Service]) -> None:
    """Store a carrier's services; those it had besides are retired."""
    await tx.execute(REPLACE_SERVICES, carrier, msgspec.json.encode(list(services)))


REPLACE_TRANSIT = """
with given as (
    select s.code as service, t.key as zone, t.value::smallint as days
    from jsonb_to_recordset($1::jsonb) as s(code text, transit jsonb), jsonb_each_text(s.transit) t
), gone as (
    delete from carriers_transit c
    where c.service in (select s.code from jsonb_to_recordset($1::jsonb) as s(code text))
      and not exists (select from given g where g.service = c.service and g.zone = c.zone)
)
insert into carriers_transit (service, zone, days) select service, zone, days from given
on conflict (service, zone) do update set days = excluded.days
"""


async def replace_transit(tx: Tx, services: Iterable[Service]) -> None:
    """Store the transit days of services in place of those they had."""
    await tx.execute(REPLACE_TRANSIT, msgspec.json.encode(list(services)))


REPLACE_PRICES = """
with given as (
    select service, zone, valid_from, weight_max_grams, price_minor, currency
    from unnest($1::text[], $2::text[], $3::date[], $4::integer[], $5::bigint[], $6::text[])
         as p(service, zone, valid_from, weight_max_grams, price_minor, currency)
), gone as (
    delete from carriers_price c using given g
    where (c.service, c.zone, c.valid_from) = (g.service, g.zone, g.valid_from)
      and not exists (
        select from given k where (k.service, k.zone, k.valid_from, k.weight_max_grams)
            = (c.service, c.zone, c.valid_from, c.weight_max_grams))
)
insert into carriers_price (service, zone, valid_from, weight_max_grams, price_minor, currency)
select service, zone, valid_from, weight_max_grams, price_minor, currency from given
on conflict (service, zone, valid_from, weight_max_grams) do update set
    price_minor = excluded.price_minor, currency = excluded.currency
"""


async def replace_prices(tx: Tx, tariffs: Sequence[Tariff]) -> None:
    """Store prices in place of those for the same service, zone and first day."""
    brackets = [
        (t.service, t.zone, t.valid_from, weight, price, t.currency)
        for t in tariffs
        for weight, price in zip(t.weights, t.prices, strict=True)
    ]
    await tx.execute(REPLACE_PRICES, *(list(column) for column in zip(*brackets, strict=True)))
