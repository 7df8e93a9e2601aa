"""What every page of the public service knows of the reader."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from shoko_ils.mylibrary import basket
from shoko_ils.patrons import declared


def member(request: HttpRequest) -> dict[str, Any]:
    """`member` (None: not signed in), `basket_count`, and what the site offers: My Library, questions, a history."""
    site = declared.site()
    return {
        "has_my_library": site.has_my_library,
        "asks_by_web": site.asks_by_web,
        "member": getattr(request, "member", None),
        "basket_count": len(basket.read(request)),
        "has_history": settings.SITE.get("reading_history", False),
    }
