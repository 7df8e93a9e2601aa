"""One item: taken in, shown, changed."""

import uuid

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from shoko_ils.catalog.models import Record
from shoko_ils.circulation.models import Loan
from shoko_ils.counter import desk as desks
from shoko_ils.holdings import forms, services
from shoko_ils.holdings.models import Item, ItemAct, ItemActLine
from shoko_ils.holdings.selecting import SHOWN_WITH
from shoko_ils.holdings.services import acting
from shoko_ils.holdings.views.common import MAX_NUMBER, page, told
from shoko_ils.holds.services import routing


def refusal(error: services.Refused) -> str:
    return {
        "taken": _("This number belongs to another item."),
        "number": _("This is not an item number: ten digits, the last one a check digit."),
        "record": _("The record is no longer there."),
    }[error.code]


@require_http_methods(["GET", "POST"])
def new_page(request: HttpRequest, pk: int) -> HttpResponse:
    """Accession (受入) of a copy of a record."""
    desk = desks.at(request)
    record = Record.objects.filter(pk=min(pk, MAX_NUMBER)).first()
    if record is None:
        raise Http404
    copies = record.items.select_related("library", "location", "material_class").order_by("pk")
    like = copies.last()
    first = {"key": uuid.uuid4(), "library": desk.library, "condition": Item.Condition.NORMAL}
    if like is not None:
        first |= {name: getattr(like, name) for name in ("location", "material_class", "call_number")}
    else:
        first["call_number"] = record.ndc[0] if record.ndc else ""
    form = forms.AccessionForm(request.POST or None, initial=first)
    if request.method == "POST" and form.is_valid():
        try:
            item = services.accession(desk.actor, form.accession(record.pk), form.cleaned_data["key"])
        except services.Refused as error:
            form.add_error("number", refusal(error))
        else:
            return redirect("item", item.pk)
    return page(request, "new", {"form": form, "record": record, "copies": copies}, 400 if form.errors else 200)


@require_http_methods(["GET", "POST"])
def item_page(request: HttpRequest, pk: int) -> HttpResponse:
    """An item, where it stands, what was done with it. POST `act`: change, missing, found, withdraw."""
    desk = desks.at(request)
    item = Item.objects.select_related(*SHOWN_WITH).filter(pk=min(pk, MAX_NUMBER)).first()
    if item is None:
        raise Http404
    form = forms.ItemForm(item=item)
    refused: ItemActLine | None = None
    if request.method == "POST":
        asked = _asked(request, desk, item)
        if isinstance(asked, forms.ItemForm):
            form = asked
        elif asked is not None:
            key = forms.forms.UUIDField(required=False).to_python(request.POST.get("key")) or uuid.uuid4()
            done = acting.carry_out(asked, key)
            refused = done.lines.filter(outcome=ItemActLine.Outcome.REFUSED).first()
            if refused is None:
                return redirect("item", pk)
    acts = ItemAct.objects.filter(lines__item=item).distinct()[:20]
    route = routing.current(item)
    context = {
        "item": item,
        "form": form,
        "refused": told([refused])[0]["outcome"] if refused else "",
        "acts": [(act, told(list(act.lines.filter(item=item)))) for act in acts],
        "loan": Loan.objects.filter(item=item, returned_on__isnull=True).values("due_on").first(),
        "captured": route.hold is not None,
        "transit": route.transit,
        "key": uuid.uuid4(),
    }
    return page(request, "item", context, 409 if refused else 400 if form.errors else 200)


def _asked(request: HttpRequest, desk: desks.Desk, item: Item) -> acting.Act | forms.ItemForm | None:
    """What the page asks for; the form itself if it has mistakes."""
    who, numbers = (desk.actor, desk.library), [item.barcode]
    match request.POST.get("act"):
        case "missing":
            return services.missing(*who, numbers)
        case "found":
            return services.found(*who, numbers)
        case "withdraw" if request.POST.get("withdrawal") in Item.Withdrawal:
            return services.withdrawn(*who, numbers, Item.Withdrawal(request.POST["withdrawal"]))
        case "change":
            form = forms.ItemForm(request.POST, item=item)
            if not form.is_valid():
                return form
            return services.changed(*who, numbers, form.change(), kind=ItemAct.Kind.EDIT)
    return None
