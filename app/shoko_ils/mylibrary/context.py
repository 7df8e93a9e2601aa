"""What every page of the public service knows of the reader."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from shoko_ils.mylibrary import basket


def member(request: HttpRequest) -> dict[str, Any]:
    """`member` (None: not signed in), `basket_count`, `has_history`: whether the site offers a reading history."""
    return {
        "member": getattr(request, "member", None),
        "basket_count": len(basket.read(request)),
        "has_history": settings.SITE.get("reading_history", False),
    }
