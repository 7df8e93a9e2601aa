"""What the screens of items share."""

from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from shoko_ils.core.models import Library
from shoko_ils.holdings import words
from shoko_ils.holdings.models import ItemActLine, Location, MaterialClass

PAGE = 100
# what is printed or labelled at once
PRINTED = 3000
MAX_NUMBER = 2**63 - 1


def page(request: HttpRequest, template: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
    shared = {
        "mode": "items",
        "conditions": words.conditions(),
        "withdrawals": words.withdrawals(),
        "sources": words.sources(),
        "kinds": words.kinds(),
    }
    return render(request, f"holdings/{template}.html", shared | context, status=status)


def paged(request: HttpRequest, items: QuerySet[Any], size: int = PAGE) -> Page:
    return Paginator(items, size).get_page(request.GET.get("page"))


def told(lines: list[ItemActLine]) -> list[dict[str, Any]]:
    """Lines of an act in words: number, title, what became of it, what changed."""
    names = _names()
    outcomes, refusals, columns = words.outcomes(), words.refusals(), words.columns()
    return [
        {
            "number": line.number,
            "item": line.item,
            "kind": {"refused": "stop", "unknown": "stop", "repeated": "note"}.get(line.outcome, "done"),
            "outcome": outcomes[line.outcome] + (f": {refusals.get(line.why, line.why)}" if line.why else ""),
            "changes": [
                (columns.get(name, name), _word(names, name, line.before[name]), _word(names, name, value))
                for name, value in line.after.items()
            ],
        }
        for line in lines
    ]


def _names() -> dict[str, dict[Any, str]]:
    libraries = {one.pk: str(one) for one in Library.objects.all()}
    return {
        "location_id": {one.pk: str(one) for one in Location.objects.all()},
        "material_class_id": {one.pk: str(one) for one in MaterialClass.objects.all()},
        "library_id": libraries,
        "at_library_id": libraries,
        "condition": dict(words.conditions()),
        "source": dict(words.sources()),
        "withdrawal_reason": dict(words.withdrawals()),
    }


def _word(names: dict[str, dict[Any, str]], name: str, value: Any) -> str:
    if isinstance(value, bool):
        return "○" if value else "—"
    if value is None or value == "":
        return "—"
    return names.get(name, {}).get(value, str(value))
