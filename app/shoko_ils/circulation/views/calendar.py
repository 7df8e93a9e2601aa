"""Calendars: the months of a library, and (level 1) planned exceptions and the emergency closing."""

import calendar as months
import contextlib
import datetime as dt
import uuid
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods

from shoko_ils.circulation.services import closing
from shoko_ils.core.calendar.days import CalendarEnds
from shoko_ils.core.calendar.holidays import is_holiday
from shoko_ils.core.models import CalendarException, Library
from shoko_ils.counter import desk as desks
from shoko_ils.counter import words

MONTHS_SHOWN = 3
LONGEST = dt.timedelta(days=120)


class ExceptionForm(forms.Form):
    """Days of one or more libraries that are open or closed, and why."""

    key = forms.UUIDField(widget=forms.HiddenInput)
    libraries = forms.ModelMultipleChoiceField(
        Library.objects.none(), label=_("Libraries"), widget=forms.CheckboxSelectMultiple
    )
    kind = forms.ChoiceField(label=_("What"))
    first = forms.DateField(label=_("From"), widget=forms.DateInput(attrs={"type": "date"}))
    last = forms.DateField(label=_("To"), widget=forms.DateInput(attrs={"type": "date"}))
    reason = forms.ChoiceField(label=_("Reason"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, label_suffix="", **kwargs)
        fields: dict[str, Any] = self.fields
        fields["libraries"].queryset = Library.objects.all()
        fields["kind"].choices = list(words.exception_kinds().items())
        fields["reason"].choices = list(words.exception_reasons().items())

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        first, last = given.get("first"), given.get("last")
        if first and last and not first <= last <= first + LONGEST:
            raise forms.ValidationError(_("The last day lies before the first, or too far after it."))
        return given


@require_GET
def calendar_page(request: HttpRequest) -> HttpResponse:
    """Three months of this library from `?month=2026-12` on, and the exceptions of all libraries."""
    desk = desks.at(request)
    today = timezone.localdate()
    try:
        first = dt.date.fromisoformat(f"{request.GET.get('month', '')}-01")
    except ValueError:
        first = today.replace(day=1)
    first = min(max(first, dt.date(2000, 1, 1)), dt.date(2098, 1, 1))
    starts = [_months_after(first, n) for n in range(MONTHS_SHOWN)]
    context = {
        "months": [(start, _weeks(desk.library, start)) for start in starts],
        "before": _months_after(first, -MONTHS_SHOWN),
        "after": _months_after(first, MONTHS_SHOWN),
        "exceptions": CalendarException.objects.filter(last_on__gte=today).select_related("library"),
        "kinds": words.exception_kinds(),
        "reasons": words.exception_reasons(),
        "mode": "calendar",
    }
    return render(request, "circulation/calendar.html", context)


def _months_after(first: dt.date, count: int) -> dt.date:
    number = first.year * 12 + first.month - 1 + count
    return dt.date(number // 12, number % 12 + 1, 1)


def _weeks(library: Library, start: dt.date) -> list[list[tuple[dt.date, bool, bool] | None]]:
    """Weeks from Sunday on: each day with "is open" and "is a holiday"; None outside the month."""
    days = library.days(start)
    weeks = months.Calendar(firstweekday=6).monthdatescalendar(start.year, start.month)
    return [
        [(day, days.is_open(day), is_holiday(day)) if day.month == start.month else None for day in week]
        for week in weeks
    ]


@require_http_methods(["GET", "POST"])
def calendar_change_page(request: HttpRequest) -> HttpResponse:
    """Plan, withdraw, or close in an emergency: one act for all libraries that are ticked."""
    desk = desks.at(request)
    if request.POST.get("act") == "withdraw":
        number = request.POST.get("exception", "")
        if number.isdecimal() and len(number) < 19:
            with contextlib.suppress(CalendarException.DoesNotExist):
                closing.withdraw(desk.actor, int(number))
        return redirect("calendar")
    form = ExceptionForm(request.POST or None, initial={"key": uuid.uuid4(), "kind": request.GET.get("kind")})
    done: list[CalendarException] = []
    if request.method == "POST" and form.is_valid():
        try:
            done = _change(desk, form.cleaned_data)
        except closing.Overlaps:
            form.add_error(
                None, _("One of these libraries already has planned days in this time. Nothing was changed.")
            )
        except CalendarEnds:
            form.add_error(None, _("No open day would be left within 366 days. Nothing was changed."))
    context = {"form": form, "done": done, "kinds": words.exception_kinds(), "mode": "calendar"}
    return render(request, "circulation/calendar_change.html", context)


def _change(desk: desks.Desk, given: dict[str, Any]) -> list[CalendarException]:
    span = list(given["libraries"]), given["first"], given["last"]
    reason = CalendarException.Reason(given["reason"])
    if given["kind"] == CalendarException.Kind.EMERGENCY:
        return closing.close_in_emergency(desk.actor, *span, reason=reason, key=given["key"])
    return closing.plan(desk.actor, *span, kind=CalendarException.Kind(given["kind"]), reason=reason)
