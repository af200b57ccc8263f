"""How orders are paid: tenders, what is asked of them, and what became of it.

Nouns: :class:`Tender` (one way of paying a part of an order), :class:`Operation` (one thing asked
of it: authorize, capture, refund, void, settle), provider (who holds a card's token).

Invariants: nothing is captured above what was authorized, nothing refunded above what was captured;
an amount whose answer is not known yet is set aside. The same cause does the same thing once.

Tables: payments_provider, payments_credit, payments_payment, payments_operation, payments_movement,
payments_message.
"""

from crosslane.payments.domain import Deed, Method, NewTender, Operation, State, Tender, Terms

__all__ = ["Deed", "Method", "NewTender", "Operation", "State", "Tender", "Terms"]
