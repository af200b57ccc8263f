"""Abuse of every kind, planted: each actor goes about it in one of a few ways."""

from datetime import timedelta

from crosslane.bench.abuse_year.drawing import DAYS, STORES, Draw, whole

FRIDAY = 4
TRIFLE_SHARE = 0.3
KINDS = ("serial_returner", "wardrobing", "receipt_reuse", "staff_loop", "credit_farming")


def plant(draw: Draw, of_each: int) -> list[str]:
    """Plant so many actors of every kind; return their names."""
    planters = (_serial, _wardrobing, _receipt_reuse, _staff_loop, _credit_farming)
    actors: list[str] = []
    for kind, planter in zip(KINDS, planters, strict=True):
        for number in range(of_each):
            actors.append(f"{kind}/{number}")
            planter(draw, actors[-1], number)
    return actors


def _serial(draw: Draw, actor: str, number: int) -> None:
    """What is dear goes back, a trifle is kept; from one account or from three with one card."""
    card = f"card-{draw.person().int}"
    names = [draw.person() for _ in range(3 if number % 2 else 1)]
    for place in range(draw.chance.randint(12, 24)):
        lines = [(1, draw.price(2_000, 12_000)) for _ in range(draw.chance.randint(1, 4))]
        customer = names[place % len(names)]
        sale = draw.sale(draw.day(0, DAYS - 30), lines, customer=customer, card=card)
        at = draw.later(sale.at, 4, 26)
        store = draw.chance.choice((None, *range(STORES)))
        draw.back(sale, at, whole(sale), store=store, actor=actor)
        if draw.chance.random() < TRIFLE_SHARE:
            draw.sale(at, [(1, draw.price(300, 1_500))], customer=customer, card=card)


def _wardrobing(draw: Draw, actor: str, number: int) -> None:
    """Bought before a weekend, worn, brought back after it; now and then something is kept."""
    who, card = draw.person(), f"card-{draw.person().int}"
    for _ in range(draw.chance.randint(6, 10)):
        lines = [(1, draw.price(9_000, 40_000))]
        day = draw.day(0, DAYS - 30)
        at = day + timedelta(days=(FRIDAY - day.weekday()) % 7)
        sale = draw.sale(at, lines, customer=who if number % 2 else None, card=card)
        store = draw.chance.randrange(STORES)
        draw.back(sale, draw.later(at, 3, 6), whole(sale), store=store, worn=True, actor=actor)
    for _ in range(draw.chance.randint(2, 6)):
        draw.sale(draw.day(), [(1, draw.price())], customer=who, card=card)


def _receipt_reuse(draw: Draw, actor: str, number: int) -> None:
    """One receipt, copied: the same goods come back in several towns, or more than were sold."""
    for _ in range(draw.chance.randint(1, 3)):
        at = draw.day(0, DAYS - 40)
        sale = draw.till(at, number % STORES, [(1, draw.price(4_000, 15_000)), (1, draw.price())])
        dear = next(iter(sale.lines))
        for _ in range(draw.chance.randint(3, 5)):
            at = draw.later(at, 1, 5)
            draw.back(
                sale,
                at,
                {dear: 1},
                store=draw.chance.randrange(STORES),
                customer=None,
                card="",
                cash=True,
                known_receipt=bool(number % 2),
                actor=actor,
            )


def _staff_loop(draw: Draw, actor: str, number: int) -> None:
    """Two of one store, or one alone: a sale to nobody, a return in cash a day later."""
    stores = [store for store in range(STORES) if len(draw.staff[store]) > 1]
    store = draw.chance.choice(stores)
    first, second = draw.chance.sample(draw.staff[store], 2)
    for place in range(draw.chance.randint(14, 24)):
        at = draw.day(90, 179)
        seller, taker = (second, first) if number % 3 == 1 and place % 2 else (first, second)
        if number % 3 == 2:
            seller = taker = first
        buyer = first if number % 2 else ""
        sale = draw.till(
            at, store, [(1, draw.price(2_500, 9_000))], sold_by=seller, cash=True, buyer_staff=buyer
        )
        draw.back(sale, draw.later(at, 0, 2), whole(sale), taken_by=taker, cash=True, actor=actor)


def _credit_farming(draw: Draw, actor: str, number: int) -> None:
    """For a store's handling credits: one friend, one card of many names, one order in visits."""
    store = draw.chance.randrange(STORES)
    taker = draw.staff[store][0]
    card, begin = f"card-{draw.person().int}", draw.chance.randint(0, DAYS - 60)
    who = draw.person()
    if number % 3 == 2:
        for _ in range(draw.chance.randint(3, 5)):
            at = draw.day(begin, begin + 25)
            sale = draw.sale(at, [(7, draw.price(1_000, 2_500))], customer=who, card=card)
            for _ in range(7):
                at = draw.later(at, 0, 2)
                one = dict.fromkeys(sale.lines, 1)
                draw.back(sale, at, one, store=store, taken_by=taker, actor=actor)
        return
    for _ in range(draw.chance.randint(12, 20)):
        customer = who if number % 3 == 0 else draw.person()
        at = draw.day(begin, begin + 30)
        lines = [(1, draw.price(1_000, 3_000)) for _ in range(2)]
        sale = draw.sale(at, lines, customer=customer, card=card)
        back = dict.fromkeys(list(sale.lines)[:1], 1)
        draw.back(
            sale,
            at + timedelta(hours=draw.chance.randint(1, 40)),
            back,
            store=store,
            taken_by=taker,
            actor=actor,
        )
