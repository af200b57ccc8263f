"""What finance does when goods leave or come back and money moves: it posts, once per event.

The entry's cause is the event's own name (subject and number, or the payment's operation), so that
the ledger knows a repetition even when a reaction is run again from an earlier point of the log.
"""

from collections.abc import Sequence
from typing import get_args

from crosslane import ledger, locations, orders, organization
from crosslane.finance.reactions.credits import Credits, of_credit
from crosslane.finance.reactions.goods import Goods, of_goods
from crosslane.finance.reactions.money import Money, of_money
from crosslane.finance.reactions.supplies import Supplies, of_supplies
from crosslane.platform.database import Tx
from crosslane.platform.log import Logged, Reaction


async def post(tx: Tx, logged: Sequence[Logged[Goods | Credits | Money | Supplies]]) -> None:
    """Post what has happened to goods and money, all of it by one statement.

    Events are read in the order of the log, so that what a sale took is known to have come before.
    """
    goods = [entry for entry in logged if isinstance(entry.event, Goods)]
    credits = [entry for entry in logged if isinstance(entry.event, Credits)]
    money = [entry for entry in logged if isinstance(entry.event, Money)]
    supplies = [entry for entry in logged if isinstance(entry.event, Supplies)]
    named = {getattr(e.event, "order_id", None) for e in (*goods, *credits, *supplies)} - {None}
    heads = await orders.list_heads(tx, list(named)) if named else {}
    book, network = await organization.book(tx), await locations.network(tx)
    made = [
        *await of_goods(tx, goods, book, heads),
        *(of_credit(entry, book, heads, network) for entry in credits),
        *(of_money(entry, book, network) for entry in money),
        *(of_supplies(entry, book, heads) for entry in supplies),
    ]
    await ledger.post(tx, [entry for entry in made if entry is not None])


REACTIONS = [
    Reaction(
        "finance.post",
        (*get_args(Goods), *get_args(Credits), *get_args(Money), *get_args(Supplies)),
        post,
        batch_max=200,
    )
]
