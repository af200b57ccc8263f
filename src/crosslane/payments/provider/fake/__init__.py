"""A strict payment provider as a process of its own, to try Crosslane against.

``python -m crosslane.payments.provider.fake --state FILE`` speaks the house protocol. It takes
nobody's word for anything: it refuses captures above the authorization, refunds above the capture,
a wrong currency, an unknown key and one key with two meanings. It keeps every charge in a file, so
that killing it forgets nothing. On demand (``/control``) it declines, fails, answers too late,
freezes, and sends its messages twice, in disorder or never; holders of cards dispute charges and
win or lose (``/control/disputes``).
"""
