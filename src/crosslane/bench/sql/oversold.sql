-- Units promised beyond what lies there; nothing else takes units while orders are placed.
select coalesce(sum(greatest(0, allocated - greatest(0, on_hand))), 0)::bigint
from inventory_position
