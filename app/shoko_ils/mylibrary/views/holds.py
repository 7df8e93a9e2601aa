"""The hold basket, placing its holds, and requests for titles not held."""

import uuid
from collections import Counter
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from shoko_ils.catalog.models import Record
from shoko_ils.core.models import Library
from shoko_ils.holdings import issues
from shoko_ils.holdings.models import Item
from shoko_ils.holds.forms import pickup_places
from shoko_ils.holds.models import Hold
from shoko_ils.holds.target import Target
from shoko_ils.mylibrary import basket, forms, orders, words
from shoko_ils.mylibrary.views.page import saying
from shoko_ils.mylibrary.views.signing import member_of, members_only
from shoko_ils.patrons.models import Patron


@dataclass(frozen=True)
class InBasket:
    """A title, or an issue of a magazine, as the pages of the basket show it; `copies`: how many are held."""

    target: Target
    record: Record
    copies: int

    @property
    def title(self) -> str:
        return issues.titled(self.record.title, self.record.volume, self.target.issue)


def _shown(targets: list[Target]) -> list[InBasket]:
    """What is still in the catalogue, in the order of the basket."""
    numbers = {target.record for target in targets}
    records = Record.objects.filter(pk__in=numbers).only("pk", "title", "volume").in_bulk()
    items = Item.objects.filter(record__in=numbers).exclude(condition=Item.Condition.WITHDRAWN)
    copies = Counter(Target(record, issue) for record, issue in items.values_list("record", "issue"))
    return [InBasket(target, records[target.record], copies[target]) for target in targets if target.record in records]


@csrf_exempt
@require_POST
def basket_add(request: HttpRequest) -> HttpResponse:
    """Put a record, or an issue of it, into the basket. Exempt from the token, so that a record page sets no cookie for
    one: the basket is the browser's own and nothing is ordered; a form on another site is refused by where it comes
    from."""
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        return redirect("my-basket")
    wanted, targets = basket.wanted(request), basket.read(request)
    if wanted is not None and wanted not in targets:
        targets = [*targets, wanted]
    response = redirect("my-basket")
    basket.write(response, targets)
    return response


@never_cache
@require_http_methods(["GET", "POST"])
def basket_page(request: HttpRequest) -> HttpResponse:
    """The basket; who is signed in places its holds here, who is not logs in and finds it again."""
    targets = basket.read(request)
    if request.method == "POST" and "drop" in request.POST:
        kept = [target for target in targets if str(target) != request.POST["drop"]]
        response = redirect("my-basket")
        basket.write(response, kept)
        return response
    if request.method == "POST":
        return _place(request)
    return _basket(request, targets, forms.PlaceForm())


def _basket(
    request: HttpRequest,
    targets: list[Target],
    form: forms.PlaceForm,
    problems: list[tuple[InBasket, str]] | None = None,
) -> HttpResponse:
    home, contact = None, ""
    if getattr(request, "member", None):
        home, contact = Patron.objects.values_list("library__key", "contact").first() or (None, "")
    context = {
        "form": form,
        "entries": _shown(targets),
        "problems": problems or [],
        "places": pickup_places(),
        "home": form.data.get("pickup", home),
        "told_by": words.wish(contact) if contact else "",
        "ways": words.other_ways(contact),
        "key": form.data.get("key") or uuid.uuid4(),
        "today": timezone.localdate(),
        "login": f"{reverse('my-login')}?next={reverse('my-basket')}",
    }
    return render(request, "mylibrary/basket.html", context)


@members_only
def _place(request: HttpRequest) -> HttpResponse:
    """Holds of a group are placed all or none; single ones each for itself, and those refused stay in the basket."""
    targets = basket.read(request)
    form = forms.PlaceForm(request.POST)
    if not form.is_valid() or not targets:
        return _basket(request, targets, form)
    given = form.cleaned_data
    until = given["not_needed_after"].isoformat() if given["not_needed_after"] else None
    wishes = [targets] if given["group_kind"] else [[target] for target in targets]
    placed: list[tuple[InBasket, int | None]] = []
    problems: list[tuple[InBasket, str]] = []
    left: list[Target] = []
    for wish in wishes:
        entries = {str(entry.target): entry for entry in _shown(wish)}
        try:
            answer = orders.ask(
                "place", member_of(request).patron_id, uuid.uuid5(given["key"], ",".join(map(str, wish))),
                targets=list(map(str, wish)), pickup=given["pickup"].key,
                group_kind=given["group_kind"] or Hold.Group.NONE.value, not_needed_after=until,
                contact=given["contact"],
            )  # fmt: skip
        except orders.NotAnswered:
            return saying("late")
        if answer.get("outcome") == "done-placed":
            placed += [(entry, answer["ranks"].get(target)) for target, entry in entries.items()]
        else:
            left += wish
            about = entries.get(answer.get("target") or str(wish[0]))
            if about is not None and "outcome" in answer:
                problems.append((about, words.placing(answer["outcome"])))
    if not placed:
        return _basket(request, targets, form, problems)
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
