"""What must hold of payments, computed anew from the journal of money and the operations."""

from crosslane.verify import Rule


def _amount(column: str, deed: str) -> str:
    return f"""
select 'payment:' || p.id as subject,
       format('{column} is %s, its journal adds up to %s', p.{column}, coalesce(m.total, 0))
           as detail
from payments_payment p
left join (
    select payment_id, sum(minor) as total from payments_movement
    where deed = '{deed}' group by payment_id
) m on m.payment_id = p.id
where p.{column} <> coalesce(m.total, 0)
"""  # noqa: S608


def _pending(column: str, deed: str) -> str:
    return f"""
select 'payment:' || p.id as subject,
       format('{column} is %s, its open operations add up to %s', p.{column}, coalesce(o.total, 0))
           as detail
from payments_payment p
left join (
    select payment_id, sum(minor) as total from payments_operation
    where deed = '{deed}' and state in ('requested', 'unresolved') group by payment_id
) o on o.payment_id = p.id
where p.{column} <> coalesce(o.total, 0)
"""  # noqa: S608


NEVER_TOO_MUCH = """
select 'payment:' || payment_id as subject,
       format('of %s authorized, %s are captured and %s released; %s are refunded', authorized,
              captured, voided, refunded) as detail
from (
    select payment_id, coalesce(sum(minor) filter (where deed = 'authorize'), 0) as authorized,
           coalesce(sum(minor) filter (where deed = 'capture'), 0) as captured,
           coalesce(sum(minor) filter (where deed = 'void'), 0) as voided,
           coalesce(sum(minor) filter (where deed = 'refund'), 0) as refunded
    from payments_movement group by payment_id
) m
where captured + voided > authorized or refunded > captured
"""

MOVED_ONCE = """
select 'operation:' || o.id as subject,
       format('it is %s and stands %s times in the journal, with %s of %s minor units', o.state,
              count(m.operation_id), coalesce(sum(m.minor), 0), o.minor) as detail
from payments_operation o left join payments_movement m on m.operation_id = o.id
group by o.id, o.state, o.minor
having count(m.operation_id) <> case when o.state = 'done' then 1 else 0 end
    or (o.state = 'done' and sum(m.minor) <> o.minor)
"""

MOVEMENT_OF_OPERATION = """
select 'operation:' || m.operation_id as subject,
       'the journal names it otherwise than it is, or it does not exist' as detail
from payments_movement m
left join payments_operation o
    on o.id = m.operation_id and o.payment_id = m.payment_id and o.order_id = m.order_id
   and o.deed = m.deed
left join payments_payment p on p.id = m.payment_id and p.currency = m.currency
where o.id is null or p.id is null
"""

# No foreign key looks after it: both are written by one statement.
OPERATION_OF_PAYMENT = """
select 'operation:' || o.id as subject,
       format('its order %s has no payment %s', o.order_id, o.payment_id) as detail
from payments_operation o
left join payments_payment p on p.id = o.payment_id and p.order_id = o.order_id
where p.id is null
"""

STATE = """
select 'payment:' || p.id as subject,
       format('it is %s, its authorization is %s', p.state, coalesce(o.state, 'missing')) as detail
from payments_payment p
left join payments_operation o on o.payment_id = p.id and o.deed = 'authorize'
where p.state <> case o.state when 'done' then 'authorized' when 'requested' then 'pending'
                              when 'failed' then 'declined' when 'unresolved' then 'declined'
                              else '' end
"""

CREDIT = """
select 'credit:' || customer_id as subject,
       format('used is %s, its payments add up to %s', k.used_minor, coalesce(m.total, 0)) as detail
from payments_credit k
full join (
    select customer_id, sum(minor) as total
    from (
        select p.credit_account as customer_id,
               case m.deed when 'authorize' then m.minor when 'capture' then 0 else -m.minor end
                   as minor
        from payments_movement m join payments_payment p on p.id = m.payment_id
        where p.credit_account is not null
        union all
        select account_id, -minor from payments_payout where method = 'on_account'
    ) moved
    group by customer_id
) m using (customer_id)
where coalesce(k.used_minor, 0) <> coalesce(m.total, 0)
"""

# An operation that waits must have a call that will be made, or that a person can replay.
CALLED = """
select 'operation:' || o.id as subject,
       format('it is %s and its call is %s', o.state, coalesce(e.state, 'missing')) as detail
from payments_operation o
left join platform_effect e on e.key = 'payments.' || o.deed || ':' || o.id
where o.state = 'requested' and coalesce(e.state, 'missing') <> 'due'
   or o.state = 'unresolved' and coalesce(e.state, 'missing') not in ('due', 'dead')
"""

# What has arrived on a tender that was given up is back or on its way.
GIVEN_BACK = """
select 'payment:' || p.id as subject,
       format('it is given up and keeps %s authorized and %s captured minor units',
              p.authorized_minor - p.captured_minor - p.voided_minor - p.voiding_minor
                  - p.capturing_minor,
              p.captured_minor - p.refunded_minor - p.refunding_minor - p.charged_back_minor)
           as detail
from payments_payment p
where p.abandoned
  and (p.authorized_minor > p.captured_minor + p.voided_minor + p.voiding_minor + p.capturing_minor
       or p.captured_minor > p.refunded_minor + p.refunding_minor + p.charged_back_minor)
  and not exists (select from payments_operation o
                  where o.payment_id = p.id and o.deed in ('void', 'refund') and o.state = 'failed')
"""

SEQUENCE = """
select 'order:' || order_id as subject,
       format('its %s tenders are numbered up to %s', count(*), max(sequence)) as detail
from payments_payment group by order_id
having count(*) <> max(sequence) or count(distinct currency) > 1
"""

CHARGED_BACK = """
select 'payment:' || p.id as subject,
       format('charged_back_minor is %s, its journal adds up to %s', p.charged_back_minor,
              coalesce(m.total, 0)) as detail
from payments_payment p
left join (
    select payment_id, sum(case deed when 'chargeback' then minor else -minor end) as total
    from payments_movement where deed in ('chargeback', 'chargeback_won') group by payment_id
) m on m.payment_id = p.id
where p.charged_back_minor <> coalesce(m.total, 0)
"""

BALANCE = """
select 'stored value:' || coalesce(a.id, e.account_id) as subject,
       format('it holds %s, its journal adds up to %s', coalesce(a.balance_minor::text, 'nothing'),
              coalesce(e.total, 0)) as detail
from payments_account a
full join (
    select account_id, sum(minor) as total from payments_account_entry group by account_id
) e on e.account_id = a.id
where a.balance_minor is distinct from coalesce(e.total, 0)
"""

CURRENCY_OF_ORDER = """
select 'payment:' || p.id as subject,
       format('it is in %s, its order in %s', p.currency, o.currency) as detail
from payments_payment p join orders_order o on o.id = p.order_id
where p.currency <> o.currency
"""

SET_ASIDE = """
select 'stored value:' || a.id as subject,
       format('%s are set aside, its tenders have %s', a.held_minor, coalesce(t.total, 0)) as detail
from payments_account a
left join (
    select p.stored_account,
           sum(case m.deed when 'authorize' then m.minor when 'refund' then 0 else -m.minor end)
               as total
    from payments_payment p join payments_movement m on m.payment_id = p.id
    where p.stored_account is not null group by 1
) t on t.stored_account = a.id
where a.held_minor <> coalesce(t.total, 0)
"""

# What tenders and payouts did to an account, and what its journal says they did.
REDEEMED = """
with done as (
    select account_id, cause_kind, cause_id, sum(minor) as minor from (
        select p.stored_account as account_id, o.cause_kind, o.cause_id,
               case m.deed when 'capture' then -m.minor else m.minor end as minor
        from payments_movement m
        join payments_payment p on p.id = m.payment_id
        join payments_operation o on o.id = m.operation_id
        where p.stored_account is not null and m.deed in ('capture', 'refund')
          and m.to_method = ''
        union all
        select o.to_account, o.cause_kind, o.cause_id, m.minor
        from payments_movement m join payments_operation o on o.id = m.operation_id
        where m.to_method = 'stored_value'
        union all
        select account_id, cause_kind, cause_id, minor from payments_payout
        where method = 'stored_value'
    ) each group by 1, 2, 3
), told as (
    select account_id, cause_kind, cause_id, sum(minor) as minor from payments_account_entry
    where deed in ('redeemed', 'returned', 'credited') group by 1, 2, 3
)
select 'stored value:' || account_id as subject,
       format('%s %s moved %s, the journal has %s', cause_kind, cause_id, coalesce(d.minor, 0),
              coalesce(t.minor, 0)) as detail
from done d full join told t using (account_id, cause_kind, cause_id)
where coalesce(d.minor, 0) <> coalesce(t.minor, 0)
"""

# A transfer takes from one what it puts on another.
TRANSFERRED = """
select 'transfer:' || cause_id as subject,
       format('its %s lines add up to %s', count(*), sum(minor)) as detail
from payments_account_entry where deed = 'transferred' group by cause_id
having count(*) <> 2 or sum(minor) <> 0
"""

CASH_DAYS = """
with given as (
    select each.location_id, (each.at at time zone k.timezone)::date as day, each.currency,
           sum(each.minor) as minor
    from (
        select m.to_location as location_id, p.channel_id, m.occurred_at as at, m.currency, m.minor
        from payments_movement m join payments_payment p on p.id = m.payment_id
        where m.to_method = 'cash'
        union all
        select location_id, channel_id, occurred_at, currency, minor from payments_payout
        where method = 'cash'
    ) each
    join organization_channel c on c.id = each.channel_id
    join organization_market k on k.id = c.market_id
    group by 1, 2, 3
)
select format('cash day:%s/%s', location_id, day) as subject,
       format('%s %s are counted, the journals have %s', coalesce(d.paid_minor, 0), currency,
              coalesce(g.minor, 0)) as detail
from payments_cash_day d full join given g using (location_id, day, currency)
where coalesce(d.paid_minor, 0) <> coalesce(g.minor, 0)
"""

RULES = [
    Rule("payments.authorized", _amount("authorized_minor", "authorize")),
    Rule("payments.captured", _amount("captured_minor", "capture")),
    Rule("payments.refunded", _amount("refunded_minor", "refund")),
    Rule("payments.voided", _amount("voided_minor", "void")),
    Rule("payments.settled", _amount("settled_minor", "settle")),
    Rule("payments.capturing", _pending("capturing_minor", "capture")),
    Rule("payments.refunding", _pending("refunding_minor", "refund")),
    Rule("payments.voiding", _pending("voiding_minor", "void")),
    Rule("payments.charged_back", CHARGED_BACK),
    Rule("payments.balance", BALANCE),
    Rule("payments.currency_of_order", CURRENCY_OF_ORDER),
    Rule("payments.set_aside", SET_ASIDE),
    Rule("payments.redeemed", REDEEMED),
    Rule("payments.transferred", TRANSFERRED),
    Rule("payments.cash_days", CASH_DAYS),
    Rule("payments.never_too_much", NEVER_TOO_MUCH),
    Rule("payments.moved_once", MOVED_ONCE),
    Rule("payments.movement_of_operation", MOVEMENT_OF_OPERATION),
    Rule("payments.operation_of_payment", OPERATION_OF_PAYMENT),
    Rule("payments.state", STATE),
    Rule("payments.credit", CREDIT),
    Rule("payments.called", CALLED),
    Rule("payments.given_back", GIVEN_BACK),
    Rule("payments.sequence", SEQUENCE),
]
