"""What must hold of messages: each due one is being sent, and what ended says how."""

from crosslane.verify import Rule

MESSAGE_HAS_ITS_EFFECT = """
select 'message:' || m.id as subject,
       format('it is %s and its effect is %s', m.state, coalesce(e.state, 'missing')) as detail
from engagement_message m
left join platform_effect e on e.key = 'engagement:' || m.cause
where (m.state = 'due' and e.state is distinct from 'due')
   or (m.state = 'failed' and coalesce(e.state, '') not in ('dead', 'due'))
"""

SENT_MEANS_SENT = """
select 'message:' || id as subject, format('it is %s and %s', state, reason) as detail
from engagement_message
where (state = 'sent' and reason <> '') or (state in ('failed', 'not_sendable') and reason = '')
   or (state <> 'sent' and recipient <> '')
"""

REPEAT_OF_THE_SAME = """
select 'message:' || m.id as subject,
       format('it says %s of order %s again', f.topic, f.order_id) as detail
from engagement_message m join engagement_message f on f.id = m.repeats
where (m.topic, m.order_id) is distinct from (f.topic, f.order_id) or m.story <> f.story
"""

RULES = [
    Rule("engagement.message_has_its_effect", MESSAGE_HAS_ITS_EFFECT),
    Rule("engagement.sent_means_sent", SENT_MEANS_SENT),
    Rule("engagement.repeat_of_the_same", REPEAT_OF_THE_SAME),
]
