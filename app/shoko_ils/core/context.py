"""What every page knows: the names of the site, and itself in the other language."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import get_language

# beside these: plain Japanese and Japanese for children, on the public service
NAMES = {"ja": "日本語", "en": "English", "ja-easy": "やさしい日本語", "ja-kids": "こども"}


def in_language(code: str, path: str, query: str) -> str:
    """The same page in another language: each but Japanese lies under its code."""
    for other in NAMES:
        path = path.removeprefix(f"/{other}") if path.startswith(f"/{other}/") else path
    path = path if code == "ja" else f"/{code}{path}"
    return f"{path}?{query}" if query else path


def site(request: HttpRequest) -> dict[str, Any]:
    """`frame`, names of the site and its libraries in the current language, `face` and the other `faces`."""
    language = "en" if get_language() == "en" else "ja"
    query, face = request.META.get("QUERY_STRING", ""), get_language() or "ja"
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
        "other_language_url": in_language("ja" if language == "en" else "en", request.path, query),
        "face": face,
        "faces": [
            {"code": code, "name": name, "address": in_language(code, request.path, query)}
            for code, name in NAMES.items()
            if code != face and code in dict(settings.LANGUAGES)
        ],
    }
