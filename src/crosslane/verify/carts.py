"""What must hold of carts, compared with the orders they became and the holds they have."""

from crosslane.verify import Rule

ORDER_OF_CART = """
select 'cart:' || c.id as subject,
       format('it names order %s, which is %s', c.order_id,
              case when o.id is null then 'unknown' else 'of source ' || o.source_id end) as detail
from carts_cart c
left join orders_order o on o.id = c.order_id
where c.order_id is not null
  and (o.id is null or o.source_id <> coalesce(nullif(c.source_id, ''), c.id::text))
"""

CART_OF_ORDER = """
select 'order:' || o.id as subject, 'its cart ' || c.id || ' does not name it' as detail
from carts_cart c
join orders_order o on o.channel = c.channel and o.source_id = c.id::text
where c.source_id = '' and c.order_id is distinct from o.id
"""

HELD_UNITS = """
select 'cart:' || c.cart_id as subject,
       format('hold %s keeps %s units for it, inventory says %s', c.hold_id, c.quantity,
              coalesce(h.state || ' ' || h.quantity, 'nothing')) as detail
from carts_hold c
left join inventory_hold h on h.id = c.hold_id
where c.expires_at > clock_timestamp()
  and (h.id is null or h.state <> 'active' or h.quantity <> c.quantity)
"""

HELD_FOR_NOBODY = """
select 'cart:' || c.id as subject, 'it is an order and still has hold ' || h.hold_id as detail
from carts_cart c join carts_hold h on h.cart_id = c.id
where c.order_id is not null
"""

OPERATIONS_HAVE_A_CART = """
select 'cart:' || p.cart_id as subject, 'there is no such cart, but operation ' || p.id as detail
from carts_operation p
where not exists (select from carts_cart c where c.id = p.cart_id)
"""

RULES = [
    Rule("carts.order_of_cart", ORDER_OF_CART),
    Rule("carts.cart_of_order", CART_OF_ORDER),
    Rule("carts.held_units", HELD_UNITS),
    Rule("carts.held_for_nobody", HELD_FOR_NOBODY),
    Rule("carts.operations_have_a_cart", OPERATIONS_HAVE_A_CART),
]
