"""Lists of items, acts on many, labels."""

import uuid

from django.core import signing
from django.db.models import Count, Q, Sum
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from shoko_ils.core.models import Library
from shoko_ils.counter import desk as desks
from shoko_ils.counter.desk import Desk
from shoko_ils.holdings import forms, labels, services
from shoko_ils.holdings.models import Item, ItemAct
from shoko_ils.holdings.selecting import SHOWN_WITH, by_number
from shoko_ils.holdings.services import acting, reverting
from shoko_ils.holdings.services.accession import next_number
from shoko_ils.holdings.views.common import MAX_NUMBER, PRINTED, page, paged, told


@require_GET
def items_page(request: HttpRequest) -> HttpResponse:
    """Find one item by `number`, or list many by where they stand; `print` gives the whole list on paper."""
    desk = desks.at(request)
    number = request.GET.get("number", "").strip()[:40]
    if number and (found := by_number(number)):
        return redirect("item", found.pk)
    asked = bool(set(request.GET) & set(forms.FilterForm.base_fields))
    form = forms.FilterForm(request.GET if asked else None, initial={"library": desk.library})
    context: dict[str, object] = {"form": form, "number": number, "acts": ItemAct.objects.all()[:20]}
    if asked and form.is_valid():
        items = form.filter().items()
        on_paper = "print" in request.GET
        context |= {
            "found": paged(request, items, PRINTED if on_paper else 100),
            "numbers": "\n".join(items.values_list("barcode", flat=True)[: services.LIMIT]),
            "on_paper": on_paper,
        }
    return page(request, "items", context, 400 if form.errors else 200)


def _act(desk: Desk, form: forms.ManyForm) -> acting.Act:
    given = form.cleaned_data
    who, numbers, reason = (desk.actor, desk.library), given["numbers"], given["reason"]
    match given["act"]:
        case "reassign":
            return services.reassigned(
                *who, numbers, given["owner"], given["location"], reason=reason, send=given["send"], point=desk.point
            )
        case "missing":
            return services.missing(*who, numbers, reason)
        case "found":
            return services.found(*who, numbers)
        case "withdraw":
            return services.withdrawn(*who, numbers, Item.Withdrawal(given["withdrawal"]), reason)
    return services.changed(*who, numbers, form.change(), reason=reason)


@require_http_methods(["GET", "POST"])
def many_page(request: HttpRequest) -> HttpResponse:
    """An act on many items: first what it would do, then the act, under the key of its preview.

    A POST with `list` brings the numbers of a list; with `key` it is carried out.
    """
    desk = desks.at(request)
    if request.method != "POST" or "list" in request.POST:
        form = forms.ManyForm(initial={"numbers": request.POST.get("list", "")})
        return page(request, "many", {"form": form})
    form = forms.ManyForm(request.POST)
    if not form.is_valid():
        return page(request, "many", {"form": form}, 400)
    act = _act(desk, form)
    try:
        if request.POST.get("key"):
            done = acting.carry_out(act, uuid.UUID(signing.loads(request.POST["key"], salt="item-act")))
            return redirect("items-act", done.pk)
        lines = services.preview(act)
    except services.TooMany:
        return page(request, "many", {"form": form, "too_many": services.LIMIT}, 400)
    except signing.BadSignature:
        return page(request, "many", {"form": form}, 400)
    context = {
        "form": form,
        "lines": told(lines),
        "will_change": sum(line.outcome == "changed" for line in lines),
        "key": signing.dumps(str(uuid.uuid4()), salt="item-act"),
    }
    return page(request, "many", context)


@require_http_methods(["GET", "POST"])
def act_page(request: HttpRequest, pk: int) -> HttpResponse:
    """The account of an act; POST takes it back."""
    desk = desks.at(request)
    done = ItemAct.objects.select_related("library", "reverts").filter(pk=min(pk, MAX_NUMBER)).first()
    if done is None:
        raise Http404
    refused = False
    if request.method == "POST":
        try:
            back = services.revert(desk.actor, desk.library, pk, uuid.uuid5(done.key, "revert"))
        except services.CannotRevert:
            refused = True
        else:
            return redirect("items-act", back.pk)
    taken_back = ItemAct.objects.filter(reverts=done).first()
    context = {
        "done": done,
        "lines": told(list(done.lines.select_related("item__record"))),
        "taken_back": taken_back,
        "revertible": done.kind in reverting.REVERTIBLE and taken_back is None and done.changed,
        "refused": refused,
        "numbers": "\n".join(done.lines.filter(item__isnull=False).values_list("item__barcode", flat=True)),
    }
    return page(request, "act", context, 409 if refused else 200)


@require_http_methods(["GET", "POST"])
def labels_page(request: HttpRequest) -> HttpResponse:
    """Spine and barcode labels of items, or barcode labels with new numbers, as PDF."""
    desk = desks.at(request)
    if request.method != "POST" or "list" in request.POST:
        return page(request, "labels", {"form": forms.LabelForm(initial={"numbers": request.POST.get("list", "")})})
    form = forms.LabelForm(request.POST)
    unknown: list[str] = []
    if form.is_valid():
        given = form.cleaned_data
        items = {
            item.barcode: item
            for item in Item.objects.select_related(*SHOWN_WITH).filter(barcode__in=given["numbers"][:PRINTED])
        }
        unknown = [number for number in given["numbers"] if number not in items]
        wanted = [items[number] for number in given["numbers"] if number in items]
        if not unknown:
            return _pdf(_drawn(desk.library, given, wanted), f"labels-{given['kind']}.pdf")
    return page(request, "labels", {"form": form, "unknown": unknown}, 400)


def _drawn(library: Library, given: dict[str, object], items: list[Item]) -> bytes:
    first = int(str(given["first"]))
    if given["kind"] == "spine":
        made = [
            labels.Spine(
                labels.spine_lines(item.call_number, item.issue or item.record.volume),
                f"{item.library.name_ja} {item.location}",
            )
            for item in items
        ]
        return labels.spine_sheets(made, first)
    numbers = [(item.barcode, item.library.name_ja) for item in items]
    numbers += [(next_number(), library.name_ja) for _ in range(int(str(given["blank"] or 0)))]
    return labels.barcode_sheets([labels.Numbered(number, name) for number, name in numbers], first)


def _pdf(content: bytes, name: str) -> HttpResponse:
    return HttpResponse(
        content, content_type="application/pdf", headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


@require_GET
def register_page(request: HttpRequest) -> HttpResponse:
    """受入簿 and 除籍簿: what came and what left in a period, with counts and sums, to print."""
    desks.at(request)
    today = timezone.localdate()
    form = forms.PeriodForm(request.GET if "first" in request.GET else None, initial={"first": today, "last": today})
    context: dict[str, object] = {"form": form}
    if form.is_bound and form.is_valid():
        given = form.cleaned_data
        column = "accessioned_on" if given["kind"] == "accession" else "withdrawn_on"
        when = Q(**{f"{column}__gte": given["first"], f"{column}__lte": given["last"]})
        items = Item.objects.select_related(*SHOWN_WITH).filter(when)
        if given["library"]:
            items = items.filter(library=given["library"])
        context |= {
            "kind": given["kind"],
            "found": paged(request, items.order_by(column, "accession_number"), PRINTED),
            "sums": items.aggregate(count=Count("pk"), price=Sum("price")),
        }
    return page(request, "register", context, 400 if form.errors else 200)
