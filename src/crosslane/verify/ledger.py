"""What must hold of the books, computed anew from the postings."""

from crosslane.verify import Rule

BALANCED = """
select 'entry:' || entry_id as subject,
       format('its postings for entity %s in %s sum to %s minor units', entity_id, currency,
              sum(minor)) as detail
from ledger_posting group by entry_id, entity_id, currency having sum(minor) <> 0
"""

BALANCED_IN_BOOKS = """
select 'entry:' || entry_id as subject,
       format('the book amounts of entity %s sum to %s minor units', entity_id,
              sum(book_minor)) as detail
from ledger_posting group by entry_id, entity_id having sum(book_minor) <> 0
"""

# The first term of the product is at most 10^15 and the second 10^18: numeric holds it exactly.
BOOKED_AT_RATE = """
select 'entry:' || entry_id as subject,
       format('posting %s of %s at rate %s is booked as %s', position, minor, rate_nano, book_minor)
           as detail
from ledger_posting
where minor <> 0 and book_minor <> round(minor::numeric * rate_nano / 1000000000)
   or currency = book_currency and rate_nano <> 1000000000
   or minor = 0 and account <> 'rounding'
"""

WHOLE = """
select 'entry:' || e.id as subject,
       format('it has %s postings, the last is number %s', count(p.entry_id),
              coalesce(max(p.position), 0)) as detail
from ledger_entry e left join ledger_posting p on p.entry_id = e.id
group by e.id
having count(p.entry_id) < 2 or count(p.entry_id) <> coalesce(max(p.position), 0)
"""

OWNED = """
select 'entry:' || p.entry_id as subject,
       format('posting %s has entry %s, day %s, account %s', p.position,
              coalesce(e.id::text, 'none'), p.day, coalesce(a.code, 'unknown ' || p.account))
           as detail
from ledger_posting p
left join ledger_entry e on e.id = p.entry_id
left join ledger_account a on a.code = p.account
where e.id is null or e.day <> p.day or e.recorded_at <> p.recorded_at or a.code is null
"""

ONE_PER_CAUSE = """
select 'entry:' || min(id::text) as subject,
       format('%s entries have the cause %s %s', count(*), cause_kind, cause_id) as detail
from ledger_entry group by cause_kind, cause_id having count(*) > 1
"""

# What one entity owes the other is what the other is owed by it.
MIRRORED = """
select 'entry:' || entry_id as subject,
       format('between %s and %s in %s the pair sums to %s minor units',
              least(entity_id, counterparty_id), greatest(entity_id, counterparty_id), currency,
              sum(minor)) as detail
from ledger_posting where counterparty_id is not null
group by entry_id, least(entity_id, counterparty_id), greatest(entity_id, counterparty_id), currency
having sum(minor) <> 0
"""

ROLLED_UP = """
with expected as (
    select p.entity_id, p.account, p.currency, p.day, p.channel_id, p.location_id, p.tax_code,
           sum(case when p.minor > 0 then p.minor else 0 end) as debit_minor,
           sum(case when p.minor < 0 then -p.minor else 0 end) as credit_minor,
           sum(p.book_minor) as book_minor
    from ledger_posting p
    where not exists (select from ledger_tail t where t.entry_id = p.entry_id)
    group by p.entity_id, p.account, p.currency, p.day, p.channel_id, p.location_id, p.tax_code
)
select 'rollup:' || concat_ws('/', coalesce(x.account, r.account),
                              coalesce(x.entity_id, r.entity_id), coalesce(x.currency, r.currency),
                              coalesce(x.day, r.day)) as subject,
       format('it says %s debit, %s credit, %s book; its postings add up to %s, %s, %s',
              coalesce(r.debit_minor, 0), coalesce(r.credit_minor, 0), coalesce(r.book_minor, 0),
              coalesce(x.debit_minor, 0), coalesce(x.credit_minor, 0), coalesce(x.book_minor, 0))
           as detail
from expected x
full join ledger_rollup r
    on r.entity_id = x.entity_id and r.account = x.account and r.currency = x.currency
   and r.day = x.day
   and coalesce(r.channel_id::text, '') = coalesce(x.channel_id::text, '')
   and coalesce(r.location_id::text, '') = coalesce(x.location_id::text, '')
   and coalesce(r.tax_code, '') = coalesce(x.tax_code, '')
where coalesce(r.debit_minor, 0) <> coalesce(x.debit_minor, 0)
   or coalesce(r.credit_minor, 0) <> coalesce(x.credit_minor, 0)
   or coalesce(r.book_minor, 0) <> coalesce(x.book_minor, 0)
"""

TAIL_IS_OF_ENTRIES = """
select 'entry:' || t.entry_id as subject, 'it waits for the roll-up and does not exist' as detail
from ledger_tail t left join ledger_entry e on e.id = t.entry_id and e.recorded_at = t.recorded_at
where e.id is null
"""

RULES = [
    Rule("ledger.balanced", BALANCED),
    Rule("ledger.balanced_in_books", BALANCED_IN_BOOKS),
    Rule("ledger.booked_at_rate", BOOKED_AT_RATE),
    Rule("ledger.whole", WHOLE),
    Rule("ledger.owned", OWNED),
    Rule("ledger.one_per_cause", ONE_PER_CAUSE),
    Rule("ledger.mirrored", MIRRORED),
    Rule("ledger.rolled_up", ROLLED_UP),
    Rule("ledger.tail_is_of_entries", TAIL_IS_OF_ENTRIES),
]
