"""Pictures of the demo's goods: drawn by this program from the words of their titles.

Nobody photographed the real goods for us, so these are signs, not likenesses: a shape for what the
title names, in the color it names, with spots where it says so. Their words say so.
Only the articles that orders want most have one; the others show letters, as goods without a
picture do anywhere.
"""

import io
from base64 import b64encode
from collections import Counter
from collections.abc import Iterator, Sequence
from math import cos, pi, sin
from typing import Any

from PIL import Image, ImageDraw

from crosslane.demo.draws import draw
from crosslane.demo.world.goods import Article
from crosslane.demo.world.organization import Call
from crosslane.demo.world.stock import Demand

PICTURED_ARTICLES = 360
PICTURES_PER_CALL = 45
SIDE = 240
GROUND = (250, 249, 246)
INK = (58, 58, 64)
COLORS = {
    "PINK": (236, 140, 170),
    "BLUE": (92, 142, 205),
    "RED": (206, 62, 58),
    "WHITE": (236, 236, 232),
    "GREEN": (104, 160, 98),
    "BLACK": (64, 64, 70),
    "IVORY": (240, 228, 200),
    "CREAM": (240, 228, 200),
    "SILVER": (188, 192, 198),
    "ZINC": (168, 174, 180),
    "METAL": (168, 174, 180),
    "GOLD": (214, 174, 84),
    "PURPLE": (142, 104, 172),
    "WOODEN": (178, 132, 88),
    "WOOD": (178, 132, 88),
    "CHOCOLATE": (122, 84, 62),
    "RETROSPOT": (206, 62, 58),
    "CHRISTMAS": (172, 52, 56),
    "EASTER": (240, 206, 110),
    "ROSE": (228, 128, 142),
}
OTHER_COLORS = ((126, 164, 178), (206, 150, 104), (150, 168, 120), (170, 140, 168))
SPOTTED = ("RETROSPOT", "POLKADOT", "SPOT", "SPOTTY")
SHAPES = {
    **dict.fromkeys(("MUG", "CUP", "TEACUP", "TEA", "COFFEE"), "mug"),
    **dict.fromkeys(("BAG", "PURSE", "HANDBAG"), "bag"),
    **dict.fromkeys(("HEART", "HEARTS", "SWEETHEART", "LOVE"), "heart"),
    **dict.fromkeys(("STAR", "STARS"), "star"),
    **dict.fromkeys(("BOX", "TIN", "TINS", "CASES", "DRAWER", "CABINET"), "box"),
    **dict.fromkeys(("BOTTLE", "JAR", "JUG", "VASE", "POT"), "bottle"),
    **dict.fromkeys(("CANDLE", "CANDLES", "T-LIGHT", "LANTERN", "LAMP", "LIGHT"), "candle"),
    **dict.fromkeys(("FLOWER", "FLOWERS", "ROSE", "DAISY", "GARDEN"), "flower"),
    **dict.fromkeys(("NECKLACE", "BRACELET", "RING", "EARRINGS", "CHARM", "BEAD"), "ring"),
    **dict.fromkeys(("CLOCK",), "clock"),
    **dict.fromkeys(("FRAME", "PHOTO", "MIRROR", "SIGN", "ART", "DOORMAT", "TILE"), "frame"),
    **dict.fromkeys(("BOWL", "PLATE", "CAKE", "CAKESTAND", "TRAY"), "bowl"),
    **dict.fromkeys(("TREE",), "tree"),
    **dict.fromkeys(("CARD", "PAPER", "WRAP", "NOTEBOOK", "LETTER", "BUNTING"), "card"),
    **dict.fromkeys(("EGG", "EGGS"), "egg"),
}
BY_CATEGORY = {
    "kitchen-dining": "bowl",
    "jewellery": "ring",
    "stationery-party": "card",
    "candles-fragrance": "candle",
    "seasonal": "star",
    "bags-travel": "bag",
    "garden": "flower",
    "lighting": "candle",
    "textiles": "frame",
}
Color = tuple[int, int, int]
Point = tuple[float, float]


def pictures(articles: Sequence[Article], demand: Sequence[Demand]) -> Iterator[Call]:
    """Return the calls that add pictures to the articles that are wanted most."""
    wanted = Counter(want.sku for want in demand)
    ranked = sorted(articles, key=lambda one: (-wanted[one.sku], one.sku))[:PICTURED_ARTICLES]
    for start in range(0, len(ranked), PICTURES_PER_CALL):
        rows = [_row(one) for one in ranked[start : start + PICTURES_PER_CALL]]
        yield Call("pictures", {"pictures": rows})


def _row(article: Article) -> dict[str, Any]:
    return {
        "owner": "variant",
        "code": article.sku,
        "content": b64encode(paint(article)).decode(),
        "alt": {
            "en": f"A sign drawn for the demo, for {article.title.lower()}",
            "de": f"Ein für die Demo gezeichnetes Zeichen für {article.title.lower()}",
        },
    }


def paint(article: Article) -> bytes:
    """Return the sign of an article as a PNG; always the same one."""
    words = article.title.upper().replace(",", " ").split()
    shape = next((SHAPES[word] for word in words if word in SHAPES), "")
    shape = shape or BY_CATEGORY.get(article.category, "box")
    drawn = OTHER_COLORS[draw(len(OTHER_COLORS), "color", article.sku)]
    color = next((COLORS[word] for word in words if word in COLORS), drawn)
    picture = Image.new("RGB", (SIDE, SIDE), GROUND)
    brush = ImageDraw.Draw(picture)
    _SHAPES[shape](brush, color)
    if any(word in SPOTTED for word in words):
        _spots(picture, brush, color)
    file = io.BytesIO()
    picture.save(file, "PNG", compress_level=3)
    return file.getvalue()


def _spots(picture: Image.Image, brush: ImageDraw.ImageDraw, color: Color) -> None:
    for x in range(30, SIDE - 20, 30):
        for y in range(30 + (x // 30 % 2) * 15, SIDE - 20, 30):
            if picture.getpixel((x, y)) == color:
                brush.ellipse((x - 6, y - 6, x + 6, y + 6), fill=(255, 255, 255))


def _line(brush: ImageDraw.ImageDraw, *points: Point) -> None:
    brush.line(points, fill=INK, width=6, joint="curve")


def _mug(brush: ImageDraw.ImageDraw, color: Color) -> None:
    brush.ellipse((140, 90, 212, 170), outline=INK, width=14)
    brush.rounded_rectangle((50, 66, 170, 194), 22, fill=color, outline=INK, width=6)


def _bag(brush: ImageDraw.ImageDraw, color: Color) -> None:
    brush.arc((80, 28, 160, 128), 180, 360, fill=INK, width=10)
    brush.polygon([(48, 80), (192, 80), (206, 204), (34, 204)], fill=color, outline=INK, width=6)


def _heart(brush: ImageDraw.ImageDraw, color: Color) -> None:
    steps = [pi * n / 40 for n in range(80)]
    points = [
        (
            120 + 5.6 * 16 * sin(t) ** 3,
            116 - 5.6 * (13 * cos(t) - 5 * cos(2 * t) - 2 * cos(3 * t) - cos(4 * t)),
        )
        for t in steps
    ]
    brush.polygon(points, fill=color, outline=INK, width=6)


def _star(brush: ImageDraw.ImageDraw, color: Color) -> None:
    points = [
        (120 + r * sin(pi * n / 5), 124 - r * cos(pi * n / 5)) for n, r in enumerate((96, 42) * 5)
    ]
    brush.polygon(points, fill=color, outline=INK, width=6)


def _box(brush: ImageDraw.ImageDraw, color: Color) -> None:
    brush.rectangle((46, 90, 194, 200), fill=color, outline=INK, width=6)
    brush.rectangle((36, 58, 204, 96), fill=color, outline=INK, width=6)


def _bottle(brush: ImageDraw.ImageDraw, color: Color) -> None:
    brush.rectangle((98, 30, 142, 84), fill=color, outline=INK, width=6)
    brush.rounded_rectangle((66, 78, 174, 212), 30, fill=color, outline=INK, width=6)


def _candle(brush: ImageDraw.ImageDraw, color: Color) -> None:
    brush.ellipse((104, 24, 136, 82), fill=(244, 196, 92), outline=INK, width=5)
    _line(brush, (120, 78), (120, 98))
    brush.rectangle((80, 96, 160, 210), fill=color, outline=INK, width=6)


def _flower(brush: ImageDraw.ImageDraw, color: Color) -> None:
    for n in range(6):
        x, y = 120 + 52 * sin(pi * n / 3), 120 - 52 * cos(pi * n / 3)
        brush.ellipse((x - 36, y - 36, x + 36, y + 36), fill=color, outline=INK, width=5)
    brush.ellipse((88, 88, 152, 152), fill=(244, 206, 110), outline=INK, width=5)


def _ring(brush: ImageDraw.ImageDraw, color: Color) -> None:
    brush.ellipse((54, 78, 186, 210), outline=INK, width=20)
    brush.ellipse((58, 82, 182, 206), outline=color, width=12)
    brush.polygon([(120, 20), (152, 52), (120, 92), (88, 52)], fill=color, outline=INK, width=6)


def _clock(brush: ImageDraw.ImageDraw, color: Color) -> None:
    brush.ellipse((34, 34, 206, 206), fill=color, outline=INK, width=8)
    brush.ellipse((58, 58, 182, 182), fill=(255, 255, 255))
    _line(brush, (120, 76), (120, 122), (152, 138))


def _frame(brush: ImageDraw.ImageDraw, color: Color) -> None:
    brush.rectangle((40, 48, 200, 192), fill=color, outline=INK, width=6)
    brush.rectangle((68, 76, 172, 164), fill=GROUND, outline=INK, width=4)


def _bowl(brush: ImageDraw.ImageDraw, color: Color) -> None:
    brush.pieslice((36, 20, 204, 188), 0, 180, fill=color, outline=INK, width=6)
    brush.rectangle((92, 188, 148, 204), fill=color, outline=INK, width=5)


def _tree(brush: ImageDraw.ImageDraw, color: Color) -> None:
    brush.rectangle((108, 176, 132, 212), fill=(150, 110, 74), outline=INK, width=5)
    points: list[Point] = [(120, 26), (194, 180), (46, 180)]
    brush.polygon(points, fill=color, outline=INK, width=6)


def _card(brush: ImageDraw.ImageDraw, color: Color) -> None:
    brush.rectangle((40, 66, 200, 178), fill=color, outline=INK, width=6)
    _line(brush, (42, 68), (120, 130), (198, 68))


def _egg(brush: ImageDraw.ImageDraw, color: Color) -> None:
    brush.ellipse((62, 34, 178, 206), fill=color, outline=INK, width=6)


_SHAPES = {
    "mug": _mug,
    "bag": _bag,
    "heart": _heart,
    "star": _star,
    "box": _box,
    "bottle": _bottle,
    "candle": _candle,
    "flower": _flower,
    "ring": _ring,
    "clock": _clock,
    "frame": _frame,
    "bowl": _bowl,
    "tree": _tree,
    "card": _card,
    "egg": _egg,
}
