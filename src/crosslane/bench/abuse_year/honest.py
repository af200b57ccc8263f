"""Honest people of several shapes, each with how often it buys and returns."""

from datetime import timedelta
from uuid import UUID

from crosslane.bench.abuse_year.drawing import DAYS, STORES, Draw, Sale, whole

WINDOW_DAYS = 28
AT_A_STORE = 0.6
OFTEN_MAX = 30


def draw_honest(draw: Draw, people: int) -> None:
    """Draw what honest people do in a year: a shop of so many known customers, and strangers."""
    chance = draw.chance
    for _ in range(people):
        (draw.shape,) = chance.choices(list(SHAPES), SHARES)
        card = f"card-{draw.person().int}"
        SHAPES[draw.shape](draw, draw.person(), card, chance.randrange(STORES))
    draw.shape = "strangers"
    for store in range(STORES):
        _strangers(draw, store, people // 4)
    draw.shape = "presents"
    for _ in range(people // 10):
        _presents(draw)
    draw.shape = "recall"
    _recall(draw)
    draw.shape = "staff"
    for store in range(STORES):
        for member in draw.staff[store]:
            _with_discount(draw, store, member)
    draw.shape = ""


def _return_later(draw: Draw, sale: Sale, units: dict[str, int], home: int) -> None:
    """Bring back or send back, within four weeks."""
    if not units:
        return
    at_store = draw.chance.random() < AT_A_STORE
    draw.back(
        sale,
        draw.later(sale.at, 3, WINDOW_DAYS),
        units,
        store=home if at_store else None,
        cash=False,
    )


def _plain(draw: Draw, who: UUID, card: str, home: int) -> None:
    """Buys four times and returns one thing in twelve."""
    for _ in range(draw.chance.randint(1, 7)):
        lines = [
            (draw.chance.randint(1, 3), draw.price()) for _ in range(draw.chance.randint(1, 4))
        ]
        sale = draw.sale(draw.day(), lines, customer=who, card=card)
        _return_later(draw, sale, draw.some(sale, 0.08), home)


def _family(draw: Draw, who: UUID, card: str, home: int) -> None:
    """Buys ten times in two sizes and keeps one of each, mostly."""
    for _ in range(draw.chance.randint(6, 14)):
        price = draw.price(1_000, 4_000)
        sale = draw.sale(
            draw.day(), [(1, price)] * 2 * draw.chance.randint(1, 3), customer=who, card=card
        )
        if draw.chance.random() < 0.75:
            back = list(sale.lines)[::2]
            if draw.chance.random() < 0.1:
                back = list(sale.lines)
            _return_later(draw, sale, dict.fromkeys(back, 1), home)


def _brackets(draw: Draw, who: UUID, card: str, home: int) -> None:
    """Orders three sizes, keeps one; one time in eight none fits."""
    for _ in range(draw.chance.randint(8, 18)):
        price = draw.price(2_500, 9_000)
        sale = draw.sale(draw.day(), [(1, price)] * 3, customer=who, card=card)
        kept = draw.chance.choices((0, 1, 2, 3), (12, 70, 12, 6))[0]
        back = list(sale.lines)[kept:]
        _return_later(draw, sale, dict.fromkeys(back, 1), home)


def _spends(draw: Draw, who: UUID, card: str, home: int) -> None:
    """Buys thirty times, much at once, and returns one thing in eight."""
    for _ in range(draw.chance.randint(15, OFTEN_MAX)):
        lines = [(1, draw.price(6_000, 60_000)) for _ in range(draw.chance.randint(1, 5))]
        sale = draw.sale(draw.day(), lines, customer=who, card=card)
        _return_later(draw, sale, draw.some(sale, 0.12), home)


def _one_at_a_time(draw: Draw, who: UUID, card: str, home: int) -> None:
    """Orders one thing after another until one fits: six of ten go back, nothing of each kept."""
    for _ in range(draw.chance.randint(6, 16)):
        sale = draw.sale(draw.day(), [(1, draw.price(3_000, 9_000))], customer=who, card=card)
        _return_later(draw, sale, draw.some(sale, 0.6), home)


def _fits_at_the_store(draw: Draw, who: UUID, card: str, home: int) -> None:
    """Orders for pickup, tries on at the store and leaves there what does not fit."""
    for _ in range(draw.chance.randint(3, 12)):
        lines = [(1, draw.price(2_000, 9_000))] * draw.chance.randint(1, 3)
        sale = draw.sale(draw.day(), lines, customer=who, card=card)
        units = draw.some(sale, 0.45)
        if units:
            draw.back(sale, sale.at + timedelta(minutes=25), units, store=home)


SHAPES = {
    "plain": _plain,
    "families": _family,
    "bracket shoppers": _brackets,
    "big spenders": _spends,
    "one at a time": _one_at_a_time,
    "trying on at the store": _fits_at_the_store,
}
SHARES = (57, 15, 9, 6, 4, 9)


def _recall(draw: Draw) -> None:
    """An article turns out faulty: half of those who have it bring it back within a week."""
    price = draw.price(2_000, 5_000)
    begin = draw.day(30, DAYS - 60)
    for _ in range(60):
        at = draw.later(begin, 0, 25)
        sale = draw.till(at, draw.chance.randrange(STORES), [(1, price)])
        if draw.chance.random() < 0.5:
            back = draw.later(begin + timedelta(days=26), 0, 6)
            draw.back(sale, back, whole(sale), store=draw.chance.randrange(STORES), faulty=True)


def _strangers(draw: Draw, store: int, many: int) -> None:
    """Buy at a till without a name; one in fourteen comes back, some without the receipt."""
    for _ in range(many):
        card = "" if draw.chance.random() < 0.5 else f"card-{draw.person().int}"
        lines = [(1, draw.price(500, 5_000)) for _ in range(draw.chance.randint(1, 3))]
        sale = draw.till(draw.day(), store, lines, card=card, cash=not card)
        if draw.chance.random() < 0.07:
            at = draw.later(sale.at, 0 if draw.chance.random() < 0.2 else 4, WINDOW_DAYS)
            draw.back(
                sale,
                at,
                draw.some(sale, 0.6) or dict.fromkeys(list(sale.lines)[:1], 1),
                with_receipt=draw.chance.random() < 0.85,
                known_receipt=draw.chance.random() < 0.9,
            )


def _presents(draw: Draw) -> None:
    """Bought in December, brought back in January by those who got them, each where they live."""
    store = draw.chance.randrange(STORES)
    lines = [(1, draw.price(1_000, 6_000)) for _ in range(draw.chance.randint(2, 6))]
    sale = draw.till(draw.day(DAYS - 35, DAYS - 12), store, lines)
    for sku in sale.lines:
        if draw.chance.random() < 0.3:
            draw.back(
                sale,
                draw.later(sale.at, 14, 45),
                {sku: 1},
                store=draw.chance.randrange(STORES),
                customer=draw.person() if draw.chance.random() < 0.5 else None,
                card="",
                cash=draw.chance.random() < 0.3,
            )


def _with_discount(draw: Draw, store: int, member: str) -> None:
    """Staff buy nine times and return one in five, through the hands of a colleague."""
    others = [each for each in draw.staff[store] if each != member]
    who, card = draw.person(), f"card-{draw.person().int}"
    for _ in range(draw.chance.randint(4, 14)):
        if not others:
            return
        lines = [(1, draw.price()) for _ in range(draw.chance.randint(1, 3))]
        sale = draw.till(
            draw.day(),
            store,
            lines,
            customer=who,
            card=card,
            sold_by=draw.one(others),
            buyer_staff=member,
        )
        if draw.chance.random() < 0.2:
            at = draw.later(sale.at, 1, WINDOW_DAYS)
            draw.back(sale, at, whole(sale), taken_by=draw.one(others))
