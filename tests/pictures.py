"""Pictures as people send them, painted on the spot."""

import io
from typing import Any

from PIL import Image


def painted(
    width: int = 40, height: int = 20, color: Any = "red", mode: str = "RGB", **how: Any
) -> bytes:
    """Return a file of one color.

    Args:
        width: in pixels.
        height: likewise.
        color: of the whole of it.
        mode: of its colors, such as RGB or CMYK.
        how: how it is written, such as ``format="JPEG"``; a PNG when not told.
    """
    file = io.BytesIO()
    Image.new(mode, (width, height), color).save(file, **{"format": "PNG", **how})
    return file.getvalue()


def opened(content: bytes) -> Image.Image:
    """Return a picture as it is shown."""
    return Image.open(io.BytesIO(content))
