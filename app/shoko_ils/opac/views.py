"""Pages that a citizen opens. Thin: search and availability live in catalog and holdings."""

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from shoko_ils.catalog import search as catalogue
from shoko_ils.catalog.models import Record
from shoko_ils.core.models import Library
from shoko_ils.opac import shelf

PER_PAGE = 20
NEW_ARRIVALS = 6
ROBOTS = "User-agent: *\nDisallow: /search/\nDisallow: /en/search/\n"


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    """Records may be indexed; a crawler that walks searches would only cost."""
    return HttpResponse(ROBOTS, content_type="text/plain")


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    newest = catalogue.for_list(Record.objects.order_by("-added_on", "id"))[:NEW_ARRIVALS]
    return render(
        request,
        "opac/home.html",
        {"arrivals": [shelf.Entry(record) for record in newest], "libraries": Library.objects.all()},
    )


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """`q` words, `library` key of the owning library or empty, `page` number."""
    query = request.GET.get("q", "").strip()[: catalogue.MAX_QUERY].replace("\x00", "")
    libraries = list(Library.objects.all())
    chosen = request.GET.get("library", "")
    if chosen not in {library.key for library in libraries}:
        chosen = ""
    pages = Paginator(catalogue.find(query, chosen), PER_PAGE)
    page = pages.get_page(request.GET.get("page"))
    hits = [shelf.Entry(record) for record in catalogue.for_list(page.object_list)]
    context = {
        "query": query,
        "libraries": libraries,
        "chosen": chosen,
        "page": page,
        "page_range": pages.get_elided_page_range(page.number, on_each_side=2, on_ends=1),
        "hits": hits,
        "count": pages.count,
    }
    return render(request, "opac/search.html", context)


@require_safe
def record(request: HttpRequest, pk: int) -> HttpResponse:
    if pk > 2**63 - 1:
        raise Http404
    found = catalogue.for_list(Record.objects.filter(pk=pk)).first()
    if found is None:
        raise Http404
    return render(request, "opac/record.html", {"entry": shelf.Entry(found), "record": found})
