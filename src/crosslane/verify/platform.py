"""What must hold of the log: events are numbered without a gap, and nobody has read ahead of it."""

from crosslane.verify import Rule

# Each subject knows its last number, so that its last event is missed as well as any other.
EVENTS_NUMBERED = """
with told as (
    select subject, count(*) as count, count(distinct subject_no) as numbers,
           max(subject_no) as last_no
    from platform_log group by subject
)
select subject,
       format('%s events, the last is number %s, the last number given is %s',
              coalesce(t.count, 0), coalesce(t.last_no, 0), coalesce(s.last_no, 0)) as detail
from told t full join platform_log_subject s using (subject)
where t.count is distinct from t.numbers or (t.count, t.last_no) is distinct from
      (s.last_no, s.last_no)
"""

# Who stood ahead of what can be read would never read what is written there.
NOBODY_AHEAD = """
select 'reaction:' || c.reaction as subject,
       format('it has read to transaction %s of epoch %s, the log is at %s of %s', c.txid, c.epoch,
              pg_snapshot_xmax(pg_current_snapshot()), e.epoch) as detail
from platform_cursor c cross join platform_log_epoch e
where c.epoch > e.epoch
   or c.epoch = e.epoch and c.txid > pg_snapshot_xmax(pg_current_snapshot())
"""

# What was set aside is in the log, under the number by which it waits its turn.
SET_ASIDE_IS_TOLD = """
select 'reaction:' || b.reaction as subject,
       format('it has set event %s aside, #%s of %s, which is not in the log', b.log_id,
              b.subject_no, b.subject) as detail
from platform_backlog b
left join platform_log l
    on (l.id, l.subject, l.subject_no) = (b.log_id, b.subject, b.subject_no)
where l.id is null
"""

RULES = [
    Rule("platform.events_numbered", EVENTS_NUMBERED),
    Rule("platform.nobody_ahead", NOBODY_AHEAD),
    Rule("platform.set_aside_is_told", SET_ASIDE_IS_TOLD),
]
