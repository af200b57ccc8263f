"""The kit: proves an adapter, whoever wrote it, and begins a new one.

Nouns: a family is what an adapter declares (``channels/adapters``). Samples are a folder of what
its channels send and are told. A :class:`Report` has a :class:`Check` for each rule, and what the
family can, as it was shown.

Doors: :func:`check_family`, :func:`load_samples`, :func:`new_package`, :func:`table_of`.

Rules: understood (every fixture, or kept back with a reason that leads into it), schema, brings
(what is declared is shown, and nothing else), round trip, acknowledgment, order and repetition,
damage, signature, headers, pings, tells, conversations, trouble, repeats, documents, fetches,
fetches resume, fetches in trouble, memory. The long form damages more, tries 10,000 logs, and sends
streams of a gigabyte. Speed is told and breaks no rule.

Our own adapters are tried by the same rules in ``tests/channels/test_kit.py``.
"""

from crosslane.kit.checking import check_family
from crosslane.kit.packages import new_package
from crosslane.kit.report import Capability, Check, Finding, Report
from crosslane.kit.samples import Samples, fixtures_of, load_samples
from crosslane.kit.table import table_of

__all__ = [
    "Capability",
    "Check",
    "Finding",
    "Report",
    "Samples",
    "check_family",
    "fixtures_of",
    "load_samples",
    "new_package",
    "table_of",
]
