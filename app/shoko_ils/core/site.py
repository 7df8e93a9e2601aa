"""The keys of the site file, so that a misspelt one is refused and does not silently leave a rule out of force."""

import re
from collections.abc import Mapping, Set
from typing import Any

from django.core.exceptions import ImproperlyConfigured

KEYS = {
    "name", "libraries", "patron_categories", "locations", "material_classes", "overdue_stages",
    "overdue_stops_renewal", "holds", "patrons", "authority", "audit", "public_url", "kiosk_networks",
    "reading_history", "reading_history_months",
}  # fmt: skip
WITHIN = {
    "authority": {"jobs", "names", "restricted", "second_factor", "password_days", "sources"},
    "audit": {"open_from", "open_until", "bulk_views", "unattended_views"},
}
# lists of what has a key and a name in each language; what else an entry may say
LISTS = {"material_classes": {"counted_as"}, "patron_categories": {"for_groups"}, "locations": set()}
NAMED = {"key", "ja", "en"}
KEY = re.compile(r"[A-Za-z0-9_-]{1,40}")


def check(site: Mapping[str, Any]) -> None:
    """Raise ImproperlyConfigured for a key that nobody reads. What stands under `holds` and `patrons`, they check."""
    _refuse(site, KEYS, "")
    for key, known in WITHIN.items():
        _refuse(site.get(key, {}), known, f"{key}.")
    for key, known in LISTS.items():
        if key in site:
            _check_list(key, site[key], known)


def _check_list(name: str, entries: Any, optional: Set[str]) -> None:
    if not isinstance(entries, list) or not entries:
        raise ImproperlyConfigured(f"site file: {name} is not a list of at least one entry")
    keys: set[str] = set()
    for entry in entries:
        if not isinstance(entry, dict) or not entry.keys() >= NAMED:
            raise ImproperlyConfigured(f"site file: {name}: {entry} lacks one of key, ja, en")
        _refuse(entry, NAMED | optional, f"{name}.")
        key = str(entry["key"])
        if key in keys:
            raise ImproperlyConfigured(f"site file: {name}: the key {key} is there twice")
        if not KEY.fullmatch(key):
            raise ImproperlyConfigured(f"site file: {name}: the key {key} is not of letters, figures, - and _")
        keys.add(key)


def _refuse(given: Mapping[str, Any], known: Set[str], under: str) -> None:
    if wrong := sorted(set(given) - known):
        raise ImproperlyConfigured(f"site file: {under}{wrong[0]} is not known; there are {', '.join(sorted(known))}")
