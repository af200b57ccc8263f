"""What must hold of locations, computed anew from the journal of their capacity."""

from crosslane.verify import Rule

CAPACITY_TAKEN = """
with moved as (
    select location_id, day, sum(case kind when 'take' then parcels else -parcels end) as parcels
    from locations_capacity_move group by location_id, day
)
select 'capacity:' || location_id || '/' || day as subject,
       format('%s parcels are taken, its journal adds up to %s', coalesce(c.taken, 0),
              coalesce(m.parcels, 0)) as detail
from locations_capacity c full join moved m using (location_id, day)
where coalesce(c.taken, 0) <> coalesce(m.parcels, 0)
"""

RETURN_OF_A_TAKE = """
select 'capacity:' || r.location_id || '/' || r.day as subject,
       format('%s gave back %s parcels and had taken %s', r.cause, r.parcels,
              coalesce(t.parcels, 0)) as detail
from locations_capacity_move r
left join locations_capacity_move t
       on (t.day, t.location_id, t.cause, t.kind) = (r.day, r.location_id, r.cause, 'take')
where r.kind = 'return' and r.parcels is distinct from t.parcels
"""

CAPACITY_OF_A_LOCATION = """
select 'capacity:' || c.location_id || '/' || c.day as subject,
       'there is no such location' as detail
from locations_capacity c
where not exists (select from locations_location l where l.id = c.location_id)
"""

OWNED = """
select 'location:' || l.id as subject,
       format('its legal entity %s does not exist', l.entity) as detail
from locations_location l
where not exists (select from organization_entity e where e.code = l.entity)
"""

RULES = [
    Rule("locations.capacity_taken", CAPACITY_TAKEN),
    Rule("locations.return_of_a_take", RETURN_OF_A_TAKE),
    Rule("locations.capacity_of_a_location", CAPACITY_OF_A_LOCATION),
    Rule("locations.owned", OWNED),
]
