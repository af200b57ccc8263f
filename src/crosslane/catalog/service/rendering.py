"""From a file somebody sent to the two sizes of a picture that are shown.

What was sent is decoded, turned upright, made small and written anew as WebP: of the file only its
look is kept, no place it was taken at, no second format inside it. Formats that are programs, such
as SVG, are not read at all.
"""

import hashlib
import io
from typing import Any

from crosslane.catalog.domain import Rendered, Rendition
from crosslane.catalog.errors import BadPicture, PictureFileTooLarge, PictureTooLarge

PICTURE_BYTES_MAX = 8 << 20
PICTURE_PIXELS_MAX = 40_000_000
SHOWN_PIXELS_MAX = 960
THUMB_PIXELS_MAX = 112
SHOWN_QUALITY = 78
THUMB_QUALITY = 62
DIGEST_CHARACTERS = 32
FORMATS = ("JPEG", "PNG", "WEBP", "GIF")


def render(content: bytes, *, pointer: str = "") -> Rendered:
    """Read a picture and return it in both sizes; takes up to a second of processor time.

    Args:
        content: the file.
        pointer: names the file in a refusal.

    Raises:
        PictureFileTooLarge: it has more than PICTURE_BYTES_MAX.
        BadPicture: it is none of FORMATS, or broken.
        PictureTooLarge: it has more than PICTURE_PIXELS_MAX.
    """
    # The library is large, and most processes never see a picture.
    from PIL import Image, ImageOps

    if len(content) > PICTURE_BYTES_MAX:
        raise PictureFileTooLarge(pointer=pointer, most_bytes=PICTURE_BYTES_MAX)
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as image:
            pixels = image.width * image.height
            if pixels > PICTURE_PIXELS_MAX:
                raise PictureTooLarge(pointer=pointer, pixels=pixels, most=PICTURE_PIXELS_MAX)
            # A large JPEG is decoded at a fraction of its size at once.
            image.draft("RGB", (SHOWN_PIXELS_MAX * 2, SHOWN_PIXELS_MAX * 2))
            upright = _in_plain_colors(ImageOps.exif_transpose(image))
    except Image.DecompressionBombError:
        raise PictureTooLarge(pointer=pointer, pixels="more", most=PICTURE_PIXELS_MAX) from None
    except (OSError, ValueError, SyntaxError, EOFError, IndexError, TypeError, MemoryError):
        # Pillow tells a broken file in all these ways.
        raise BadPicture(pointer=pointer) from None
    return Rendered(
        _written(upright, SHOWN_PIXELS_MAX, SHOWN_QUALITY),
        _written(upright, THUMB_PIXELS_MAX, THUMB_QUALITY),
    )


def _in_plain_colors(image: Any) -> Any:
    """Return a picture in sRGB, transparent where it was."""
    from PIL import Image, ImageCms

    clear = "A" in image.getbands() or "transparency" in image.info
    profile = image.info.get("icc_profile")
    if profile and image.mode in ("RGB", "RGBA", "CMYK", "L"):
        mode = "RGBA" if image.mode == "RGBA" else "RGB"
        try:
            told = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            image = ImageCms.profileToProfile(
                image, told, ImageCms.createProfile("sRGB"), outputMode=mode
            )
        except (ImageCms.PyCMSError, OSError, ValueError):
            pass  # A profile nobody can read is as good as none.
    plain = image.convert("RGBA" if clear else "RGB")
    # Twice what is shown is as good to make small ones of, and quicker.
    plain.thumbnail((SHOWN_PIXELS_MAX * 2, SHOWN_PIXELS_MAX * 2), Image.Resampling.BOX)
    return plain


def _written(image: Any, most: int, quality: int) -> Rendition:
    from PIL import Image

    small = image.copy()
    small.thumbnail((most, most), Image.Resampling.LANCZOS)
    file = io.BytesIO()
    small.save(file, "WEBP", quality=quality, method=4)
    content = file.getvalue()
    digest = hashlib.sha256(content).hexdigest()[:DIGEST_CHARACTERS]
    return Rendition(digest, small.width, small.height, content)
