"""日報: what was done on a day, by place, act and material class."""

import datetime as dt

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from shoko_ils.circulation import counts
from shoko_ils.counter import desk as desks
from shoko_ils.counter import words
from shoko_ils.holdings.models import MaterialClass


@require_GET
def day_page(request: HttpRequest) -> HttpResponse:
    desks.at(request)
    try:
        day = dt.date.fromisoformat(request.GET.get("day", ""))
    except ValueError:
        day = timezone.localdate()
    classes = list(MaterialClass.objects.all())
    names = words.acts()
    rows: dict[tuple[str, str], dict[int, int]] = {}
    for one in counts.of_day(day):
        place = str(one.service_point or one.library)
        rows.setdefault((place, names.get(one.act, one.act)), {})[one.material_class_id] = one.count
    table = [(place, act, [row.get(c.pk, 0) for c in classes], sum(row.values())) for (place, act), row in rows.items()]
    return render(request, "circulation/day.html", {"day": day, "classes": classes, "table": table, "mode": "day"})
