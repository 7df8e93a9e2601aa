"""Photos of items that wait for a check, made anew: what the camera wrote beside the picture is never stored."""

import struct
from io import BytesIO

from PIL import Image, ImageOps

MAX_UPLOAD = 10 * 1024 * 1024
MAX_PIXELS = 25_000_000
LONGER_SIDE = 1600
QUALITY = 85


class BadPhoto(Exception):
    """Not a photo that is kept; `code` says why: `too-large`, `not-a-photo`, `too-many-pixels`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def made_anew(content: bytes) -> bytes:
    """A JPEG of the picture alone, upright, 1,600 pixels at most on its longer side.

    The content says what the file is, not its name: JPEG or PNG. No EXIF (place, time, owner of the camera), comment,
    profile or preview picture is taken over: the points are copied onto a new, empty picture. Raises BadPhoto.
    """
    if len(content) > MAX_UPLOAD:
        raise BadPhoto("too-large")
    try:
        with Image.open(BytesIO(content), formats=("JPEG", "PNG")) as given:
            if given.width * given.height > MAX_PIXELS:
                raise BadPhoto("too-many-pixels")
            given.draft("RGB", (LONGER_SIDE, LONGER_SIDE))
            upright = ImageOps.exif_transpose(given)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise BadPhoto("too-many-pixels") from error
    # what Pillow raises for content that breaks off or lies about itself, its EXIF included
    except (OSError, SyntaxError, ValueError, TypeError, EOFError, struct.error) as error:
        raise BadPhoto("not-a-photo") from error
    upright.thumbnail((LONGER_SIDE, LONGER_SIDE))
    see_through = upright.convert("RGBA")
    bare = Image.new("RGB", see_through.size, "white")
    bare.paste(see_through, mask=see_through)
    written = BytesIO()
    bare.save(written, "JPEG", quality=QUALITY, optimize=True)
    return written.getvalue()
