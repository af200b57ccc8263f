"""What must hold of prices and coupons, computed anew from the redemptions."""

from crosslane.verify import Rule

COUPON_USES = """
select 'coupon:' || c.id as subject,
       format('uses is %s, the orders that use it now are %s', c.uses, count(r.order_id)) as detail
from pricing_coupon c
left join pricing_redemption r on r.coupon_id = c.id and r.released_at is null
where c.uses_max is not null
group by c.id
having c.uses <> count(r.order_id)
"""

COUPON_LIMIT = """
select 'coupon:' || c.id as subject,
       format('%s orders use it, %s may', count(*), c.uses_max) as detail
from pricing_coupon c
join pricing_redemption r on r.coupon_id = c.id and r.released_at is null
group by c.id
having count(*) > c.uses_max
"""

RELEASE_AFTER_USE = """
select 'redemption:' || coupon_id || '/' || order_id as subject,
       format('given back at %s, taken at %s', released_at, redeemed_at) as detail
from pricing_redemption where released_at < redeemed_at
"""

PRICED_VARIANT = """
select 'price_list:' || p.price_list_id as subject,
       'it has a price for variant ' || p.variant_id || ', which does not exist' as detail
from pricing_price p
where not exists (select from catalog_variant v where v.id = p.variant_id)
"""

RULES = [
    Rule("pricing.coupon_uses", COUPON_USES),
    Rule("pricing.coupon_limit", COUPON_LIMIT),
    Rule("pricing.release_after_use", RELEASE_AFTER_USE),
    Rule("pricing.priced_variant", PRICED_VARIANT),
]
