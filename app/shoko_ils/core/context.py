"""What every page knows: the names of the site, and itself in the other language."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import get_language


def in_other_language(path: str, query: str) -> str:
    """The same page in the other of the two languages: English lies under /en/."""
    other = path.removeprefix("/en") or "/" if path.startswith("/en/") else f"/en{path}"
    return f"{other}?{query}" if query else other


def site(request: HttpRequest) -> dict[str, Any]:
    """`frame`, `site_name`, `site_libraries` (site file, texts in the current language), `other_language_url`."""
    language = "en" if get_language() == "en" else "ja"
    libraries = [
        {
            key: value[language] if isinstance(value, dict) else value
            for key, value in {**entry, "name": entry[language]}.items()
        }
        for entry in settings.SITE["libraries"]
    ]
    return {
        "frame": f"{settings.FACE}/base.html",
        "site_name": settings.SITE["name"][language],
        "site_libraries": libraries,
        "language": language,
        "other_language_url": in_other_language(request.path, request.META.get("QUERY_STRING", "")),
    }
