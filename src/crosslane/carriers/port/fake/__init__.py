"""A strict carrier as a process of its own, to try Crosslane against.

``python -m crosslane.carriers.port.fake --state FILE`` speaks what HttpCarrier speaks. It refuses
an unknown caller, a missing key, one key with two meanings, parcels that are too heavy and
addresses it cannot print. It keeps every label in a file, so that killing it forgets nothing.
On demand (``/control``) it fails, does the work and loses the answer, freezes, or answers nonsense.
"""
