"""The replay: the real order lines, sent over HTTP as the channels of Marlow & Finch would.

- ``timeline`` puts what was recorded in the order of time; ``choices`` draws what the lines do not
  tell (who called, which address was mistyped); ``bodies`` writes the requests. They are pure.
- ``selling`` sends trade orders, web baskets, marketplace files, till batches and stock notes;
  ``outcome`` writes down how every line ended.
- ``givings`` lists what credit notes give back, ``credit_bodies`` writes the requests for it (both
  pure), ``returning`` sends them when the goods have reached their customers.
- ``floor``, ``drivers`` and ``call_center`` are the seeded staff, carriers and customers, who work
  off what the API lists, at business times that ``calendars`` tells.
- ``troubles`` takes a carrier down for a while; ``probe`` measures how soon one channel sees
  another's orders.

Everything it sends has a key or a number made of recorded ones: run again it changes nothing.
"""

from crosslane.demo.replay.running import replay

__all__ = ["replay"]
