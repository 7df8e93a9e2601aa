"""The keys of the site file, so that a misspelt one is refused and does not silently leave a rule out of force."""

from collections.abc import Mapping, Set
from typing import Any

from django.core.exceptions import ImproperlyConfigured

KEYS = {
    "name", "libraries", "material_classes", "overdue_stages", "holds", "patrons", "authority", "audit", "public_url",
    "kiosk_networks", "reading_history", "reading_history_months",
}  # fmt: skip
WITHIN = {
    "authority": {"jobs", "names", "restricted", "second_factor", "password_days", "sources"},
    "audit": {"open_from", "open_until", "bulk_views", "unattended_views"},
}


def check(site: Mapping[str, Any]) -> None:
    """Raise ImproperlyConfigured for a key that nobody reads. What stands under `holds` and `patrons`, they check."""
    _refuse(site, KEYS, "")
    for key, known in WITHIN.items():
        _refuse(site.get(key, {}), known, f"{key}.")


def _refuse(given: Mapping[str, Any], known: Set[str], under: str) -> None:
    if wrong := sorted(set(given) - known):
        raise ImproperlyConfigured(f"site file: {under}{wrong[0]} is not known; there are {', '.join(sorted(known))}")
