"""Hold rules from the site file, `holds.rules`: a changed one is a new version, one that is gone is ended."""

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db import models
from django.db.models import Max
from django.utils import timezone

from shoko_ils.core.models import Library, ServicePoint
from shoko_ils.holdings.models import MaterialClass
from shoko_ils.holds.models import HoldRule
from shoko_ils.patrons.models import PatronCategory


def sync(entries: list[dict[str, Any]]) -> int:
    """Bring the rules in force in line with `entries`; how many changed. Raises ImproperlyConfigured.

    Shape of an entry: `category` and `material_class` (keys, absent: any), `max_holds`, `max_per_day` (absent: no
    limit, 0: none), `pickup` (keys of libraries and service points, absent: all), `priority` (default 100).
    """
    changed = 0
    kept: list[int] = []
    for entry in entries:
        scope = {
            "category": _named(PatronCategory, entry.get("category")),
            "material_class": _named(MaterialClass, entry.get("material_class")),
        }
        terms = {
            "max_holds": entry.get("max_holds"),
            "max_per_day": entry.get("max_per_day"),
            "pickup_keys": entry.get("pickup"),
            "priority": entry.get("priority", 100),
        }
        _check_places(terms["pickup_keys"])
        same = {f"{name}_id": value.pk if value else None for name, value in scope.items()}
        versions = HoldRule.objects.filter(**same)
        current = versions.filter(ended_on=None).first()
        if current is None or {name: getattr(current, name) for name in terms} != terms:
            changed += 1
            versions.filter(ended_on=None).update(ended_on=timezone.localdate())
            last = versions.aggregate(last=Max("version"))["last"] or 0
            current = HoldRule.objects.create(**scope, **terms, version=last + 1)
        kept.append(current.pk)
    gone = HoldRule.objects.filter(ended_on=None).exclude(pk__in=kept)
    return changed + gone.update(ended_on=timezone.localdate())


def _named(model: type[models.Model], key: str | None) -> Any:
    if key is None:
        return None
    found = model._default_manager.filter(key=key).first()
    if found is None:
        raise ImproperlyConfigured(f"holds.rules: there is no {model._meta.verbose_name} {key}")
    return found


def _check_places(keys: list[str] | None) -> None:
    known = {*Library.objects.values_list("key", flat=True), *ServicePoint.objects.values_list("key", flat=True)}
    for key in keys or []:
        if key not in known:
            raise ImproperlyConfigured(f"holds.rules: there is no library or service point {key}")
