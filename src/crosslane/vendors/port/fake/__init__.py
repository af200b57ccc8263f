"""A strict vendor as a process of its own, to try Crosslane against.

``python -m crosslane.vendors.port.fake --state FILE`` takes what HttpVendor posts. It refuses an
unsigned order, a key that is not the signed id, one key with two meanings, an article it does not
know and an order without an address, and passes over a version older than the one it has. It keeps
every order in a file, so that killing it forgets nothing. On demand (``/control``) it refuses,
fails, does the work and loses the answer, freezes, or answers nonsense; and it says what its script
has it say: signed, repeated and in disorder.
"""
