"""The hold basket, placing its holds, and requests for titles not held."""

import uuid

from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from shoko_ils.catalog.models import Record
from shoko_ils.core.models import Library
from shoko_ils.holdings.models import Item
from shoko_ils.holds.forms import pickup_places
from shoko_ils.holds.models import Hold
from shoko_ils.mylibrary import basket, forms, orders, words
from shoko_ils.mylibrary.views.page import saying
from shoko_ils.mylibrary.views.signing import member_of, members_only
from shoko_ils.patrons.models import Patron


def _records(numbers: list[int]) -> list[Record]:
    found = (
        Record.objects.filter(pk__in=numbers)
        .only("pk", "title", "volume")
        .annotate(copies=Count("items", filter=~Q(items__condition=Item.Condition.WITHDRAWN)))
        .in_bulk()
    )
    return [found[number] for number in numbers if number in found]


@csrf_exempt
@require_POST
def basket_add(request: HttpRequest) -> HttpResponse:
    """Put a record into the basket. Exempt from the token, so that a record page sets no cookie for one: the basket
    is the browser's own and nothing is ordered; a form on another site is refused by where it comes from."""
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        return redirect("my-basket")
    number = request.POST.get("record", "")
    records = basket.read(request)
    if number.isascii() and number.isdigit() and len(number) < 19 and int(number) not in records:
        records = [*records, int(number)]
    response = redirect("my-basket")
    basket.write(response, records)
    return response


@never_cache
@require_http_methods(["GET", "POST"])
def basket_page(request: HttpRequest) -> HttpResponse:
    """The basket; who is signed in places its holds here, who is not logs in and finds it again."""
    numbers = basket.read(request)
    if request.method == "POST" and "drop" in request.POST:
        kept = [number for number in numbers if str(number) != request.POST["drop"]]
        response = redirect("my-basket")
        basket.write(response, kept)
        return response
    if request.method == "POST":
        return _place(request)
    return _basket(request, numbers, forms.PlaceForm())


def _basket(
    request: HttpRequest, numbers: list[int], form: forms.PlaceForm, problems: list[tuple[Record, str]] | None = None
) -> HttpResponse:
    home = None
    if getattr(request, "member", None):
        home = Patron.objects.values_list("library__key", flat=True).first()
    context = {
        "form": form,
        "records": _records(numbers),
        "problems": problems or [],
        "places": pickup_places(),
        "home": form.data.get("pickup", home),
        "key": form.data.get("key") or uuid.uuid4(),
        "today": timezone.localdate(),
        "login": f"{reverse('my-login')}?next={reverse('my-basket')}",
    }
    return render(request, "mylibrary/basket.html", context)


@members_only
def _place(request: HttpRequest) -> HttpResponse:
    """Holds of a group are placed all or none; single ones each for itself, and those refused stay in the basket."""
    numbers = basket.read(request)
    form = forms.PlaceForm(request.POST)
    if not form.is_valid() or not numbers:
        return _basket(request, numbers, form)
    given = form.cleaned_data
    until = given["not_needed_after"].isoformat() if given["not_needed_after"] else None
    wishes = [numbers] if given["group_kind"] else [[number] for number in numbers]
    placed: list[tuple[Record, int | None]] = []
    problems: list[tuple[Record, str]] = []
    left: list[int] = []
    for wish in wishes:
        records = {record.pk: record for record in _records(wish)}
        try:
            answer = orders.ask(
                "place", member_of(request).patron_id, uuid.uuid5(given["key"], ",".join(map(str, wish))),
                records=wish, pickup=given["pickup"].key, group_kind=given["group_kind"] or Hold.Group.NONE.value,
                not_needed_after=until,
            )  # fmt: skip
        except orders.NotAnswered:
            return saying("late")
        if answer.get("outcome") == "done-placed":
            placed += [(record, answer["ranks"].get(str(number))) for number, record in records.items()]
        else:
            left += wish
            about = records.get(answer.get("record") or wish[0])
            if about is not None and "outcome" in answer:
                problems.append((about, words.placing(answer["outcome"])))
    if not placed:
        return _basket(request, numbers, form, problems)
    response = render(request, "mylibrary/placed.html", {"placed": placed, "problems": problems})
    basket.write(response, left)
    return response


@members_only
@require_http_methods(["GET", "POST"])
def request_page(request: HttpRequest) -> HttpResponse:
    """A request for a title that no library has, or its withdrawal."""
    patron_id = member_of(request).patron_id
    if "end" in request.POST:
        number = request.POST["end"]
        if number.isascii() and number.isdigit() and len(number) < 19:
            return _ended(patron_id, int(number))
        return saying("not-changed")
    form = forms.RequestForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        asked = {name: given[name] for name in ("title", "author", "publisher", "isbn")}
        try:
            orders.ask("request", patron_id, given["key"], pickup=given["pickup"].key, **asked)
        except orders.NotAnswered:
            return saying("late")
        return saying("requested")
    context = {
        "form": form,
        "key": form.data.get("key") or uuid.uuid4(),
        "title": form.data.get("title", request.GET.get("title", "")[:200]),
        "libraries": Library.objects.all(),
        "home": form.data.get("pickup") or Patron.objects.values_list("library__key", flat=True).first(),
    }
    return render(request, "mylibrary/request.html", context)


def _ended(patron_id: int, number: int) -> HttpResponse:
    try:
        answer = orders.ask("request-end", patron_id, request=number)
    except orders.NotAnswered:
        return saying("late")
    return saying("request-ended" if answer.get("done") else "not-changed")
