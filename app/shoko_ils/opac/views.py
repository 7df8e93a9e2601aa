"""Pages that a citizen opens. Thin: search and availability live in catalog and holdings."""

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from shoko_ils.catalog import listing, series, words
from shoko_ils.catalog import search as catalogue
from shoko_ils.catalog.extract import MATERIAL_CODES
from shoko_ils.catalog.models import Authority, Record
from shoko_ils.catalog.suggest import suggest
from shoko_ils.core.closings import announced
from shoko_ils.core.models import Library
from shoko_ils.holds.models import HoldCount
from shoko_ils.opac import asking, facets, month, shelf
from shoko_ils.patrons.models import Patron

NEW_ARRIVALS, NEW_ARRIVALS_PAGE = 6, 100
WORKS = 100
FIELDS = (
    ("any", _("All fields")),
    ("title", _("Title")),
    ("author", _("Author")),
    ("subject", _("Subject")),
    ("publisher", _("Publisher")),
    ("class", _("Classification")),
    ("number", _("ISBN and other numbers")),
)
MATCHES = (("part", _("contains")), ("begin", _("begins with")), ("whole", _("is exactly")))
JOINS = (("and", _("and")), ("or", _("or")), ("not", _("but not")))
ROBOTS = "User-agent: *\nDisallow: /search/\nDisallow: /en/search/\n"


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    """Records may be indexed; a crawler that walks searches would only cost."""
    return HttpResponse(ROBOTS, content_type="text/plain")


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    newest = catalogue.for_list(Record.objects.order_by("-added_on", "id"))[:NEW_ARRIVALS]
    libraries = list(Library.objects.all())
    chosen = _my_library(request, libraries)
    today = timezone.localdate()
    context = {
        "arrivals": [shelf.Entry(record) for record in newest],
        "libraries": libraries,
        "chosen_library": chosen,
        "weeks": month.weeks(chosen, today) if chosen else [],
        "today": today,
        "openings": month.openings(libraries, today),
        "closings": announced(),
    }
    return render(request, "opac/home.html", context)


def _my_library(request: HttpRequest, libraries: list[Library]) -> Library | None:
    """The one chosen in the address, else that of the signed-in patron, else the first."""
    wanted = request.GET.get("library", "")
    found = next((each for each in libraries if each.key == wanted), None)
    if found is None and getattr(request, "member", None):
        number = Patron.objects.values_list("library_id", flat=True).first()
        found = next((each for each in libraries if each.pk == number), None)
    return found or (libraries[0] if libraries else None)


@require_safe
def arrivals(request: HttpRequest) -> HttpResponse:
    """New arrivals (新着): the hundred records that came last."""
    newest = catalogue.for_list(Record.objects.order_by("-added_on", "id"))[:NEW_ARRIVALS_PAGE]
    context = {"hits": [shelf.Entry(record) for record in newest], "limit": NEW_ARRIVALS_PAGE}
    return render(request, "opac/arrivals.html", context)


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """Simple search by `q`, advanced search by rows; `asking.read` says which parameters there are."""
    asked = asking.read(request.GET)
    found = catalogue.Search(asked.query, asked.filters).run(asked.page)
    hits = [shelf.Entry(record) for record in listing.in_order(found.ids)]
    pages = Paginator(range(found.pages * catalogue.PER_PAGE), catalogue.PER_PAGE)
    context = {
        "asked": asked,
        "query": asked.text,
        "libraries": asked.libraries,
        "chosen": asked.library.key if asked.library else "",
        "facets": facets.build(request.GET, found.facets, asked.libraries),
        "fields": FIELDS,
        "matches": MATCHES,
        "joins": JOINS,
        "materials": [(code, words.material_name(code)) for code in MATERIAL_CODES],
        "classes": [(figure, words.class_name(figure)) for figure in range(10)],
        "result": found,
        "page": pages.get_page(found.page),
        "page_range": pages.get_elided_page_range(found.page, on_each_side=2, on_ends=1),
        "hits": hits,
        "count": found.count,
        "suggestions": suggest(asked.shown) if asked.query and not found.count else [],
    }
    return render(request, "opac/search.html", context)


@require_safe
def record(request: HttpRequest, pk: int) -> HttpResponse:
    if pk > 2**63 - 1:
        raise Http404
    found = catalogue.for_list(Record.objects.filter(pk=pk).prefetch_related("identifiers")).defer(None).first()
    if found is None:
        raise Http404
    entry = shelf.Entry(found)
    waiting = dict(HoldCount.objects.filter(record=pk).values_list("issue", "waiting"))
    issues = shelf.by_issue(entry, waiting)
    context = {
        "entry": entry,
        "issues": issues,
        # those that are of no issue: all of a book, the bound volumes of a magazine
        "copies": [copy for copy in entry.copies if not copy.item.issue],
        "waiting": sum(waiting.values()),
        "can_hold": found.material != "serial" and not issues and any(map(shelf.lendable, entry.copies)),
        "record": found,
        "subjects": found.headings.filter(kind="subject").select_related("authority"),
        "numbers": [(words.IDENTIFIERS[each.scheme], each.value) for each in found.identifiers.all()],
        "material": words.material_name(found.material),
        "language_of_record": words.language_name(found.language),
        "volumes": series.volumes(found),
        "in_series": series.in_series(found),
    }
    return render(request, "opac/record.html", context)


@require_safe
def authority(request: HttpRequest, pk: int) -> HttpResponse:
    """A name or subject: its other forms, what is related, and its works."""
    if pk > 2**63 - 1:
        raise Http404
    found = Authority.objects.filter(pk=pk).prefetch_related("references", "see_also").first()
    if found is None:
        raise Http404
    works = listing.in_order(series.works(found, WORKS))
    context = {"authority": found, "hits": [shelf.Entry(each) for each in works], "limit": WORKS}
    return render(request, "opac/authority.html", context)
