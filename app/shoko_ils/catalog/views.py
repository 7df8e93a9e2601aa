"""Screens of cataloguing, for the staff service. Thin: the services of this package decide."""

import datetime as dt
from typing import Any, BinaryIO

from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods
from pymarc import Record as MarcRecord

from shoko_ils.audit import record as audit
from shoko_ils.catalog import authorities, editing, exporting, forms, listing, marc, merging, search, series, uploads
from shoko_ils.catalog.importing import batch as importing
from shoko_ils.catalog.importing.revert import obstacles, revert
from shoko_ils.catalog.importing.sources import BadFile, Form
from shoko_ils.catalog.models import Authority, ImportBatch, Marc, MergeLog
from shoko_ils.core.models import Library

PREVIEWED = 5000
# what one request loads: the page then goes on by itself
SLICES = 2
SHOWN = 100
MAX_NUMBER = 2**63 - 1


def _actor(request: HttpRequest) -> audit.Actor:
    """Who catalogues at which library; puts the library on the request for the frame of the page."""
    library = Library.objects.get(pk=request.session["library"])
    request.counter_library = library  # type: ignore[attr-defined]
    return audit.Actor(request.user.login_id, library.key)  # type: ignore[union-attr]


def _page(request: HttpRequest, template: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
    return render(request, f"catalog/{template}.html", {"mode": "catalogue", **context}, status=status)


def _stored(pk: int) -> Marc:
    found = Marc.objects.select_related("record").filter(pk=pk).first() if pk <= MAX_NUMBER else None
    if found is None:
        raise Http404
    return found


@require_GET
def catalogue_page(request: HttpRequest) -> HttpResponse:
    """Find records by `q`."""
    _actor(request)
    text = request.GET.get("q", "").strip()[: search.MAX_QUERY].replace("\x00", "")
    found = search.simple(text).run(
        int(page) if (page := request.GET.get("page", "")).isdecimal() and len(page) < 5 else 1, facets=False
    )
    hits = listing.in_order(found.ids)
    return _page(
        request, "catalogue", {"text": text, "hits": hits, "result": found, "merges": MergeLog.objects.all()[:10]}
    )


@require_http_methods(["GET", "POST"])
def new_record_page(request: HttpRequest) -> HttpResponse:
    actor = _actor(request)
    form = forms.RecordForm(request.POST or None)
    mistakes: list[editing.Mistake] = []
    if request.method == "POST" and form.is_valid():
        try:
            empty = MarcRecord(leader=marc.EMPTY_LEADER)
            number = editing.save(editing.from_form(empty, form.cleaned_data), actor)
        except editing.Mistakes as error:
            mistakes = error.found
        else:
            return redirect("catalogue-record", number)
    return _page(request, "record_form", {"form": form, "mistakes": mistakes}, 400 if form.errors or mistakes else 200)


@require_http_methods(["GET", "POST"])
def record_page(request: HttpRequest, pk: int) -> HttpResponse:
    """A record: its form, its lines, its history. POST `act`: form, lines or restore, over `version`."""
    actor = _actor(request)
    stored = _stored(pk)
    record = marc.read(bytes(stored.content))
    form, text = (
        forms.RecordForm(initial=editing.to_form(record)),
        forms.LinesForm(initial={"text": editing.to_lines(record)}),
    )
    mistakes: list[editing.Mistake] = []
    changed, act = False, request.POST.get("act", "")
    if request.method == "POST":
        version = _whole(request.POST.get("version", ""))
        try:
            if act == "restore":
                editing.restore(pk, _whole(request.POST.get("former", "")), actor)
            elif act == "lines":
                text = forms.LinesForm(request.POST)
                if text.is_valid():
                    editing.save(editing.from_lines(text.cleaned_data["text"]), actor, number=pk, version=version)
            else:
                form = forms.RecordForm(request.POST)
                if form.is_valid():
                    editing.save(editing.from_form(record, form.cleaned_data), actor, number=pk, version=version)
        except editing.Mistakes as error:
            mistakes = error.found
        except editing.Changed:
            changed = True
        if not (mistakes or changed or form.errors or text.errors):
            return redirect("catalogue-record", pk)
    context = {
        "stored": stored,
        "record": stored.record,
        "form": form,
        "lines": text,
        "mistakes": mistakes,
        "changed": changed,
        "act": act,
        "volumes": series.volumes(stored.record),
        "in_series": series.in_series(stored.record),
        "former": stored.record.former.order_by("-version")[:20],
        "copies": stored.record.items.select_related("library", "location").order_by("barcode")[:SHOWN],
    }
    return _page(request, "record", context, 400 if mistakes or form.errors or text.errors else 409 if changed else 200)


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


@require_http_methods(["GET", "POST"])
def merge_page(request: HttpRequest, pk: int) -> HttpResponse:
    """Both records side by side, then the merge; POST `undo` with the number of a merge parts them again."""
    actor = _actor(request)
    kept = _stored(pk)
    other = (
        Marc.objects.select_related("record")
        .filter(pk=_whole(request.GET.get("other", request.POST.get("other", ""))))
        .first()
    )
    refused = ""
    if request.method == "POST":
        try:
            if request.POST.get("undo"):
                merging.undo(_whole(request.POST["undo"]), actor)
            else:
                merging.merge(pk, other.pk if other else 0, actor, request.POST.get("reason", ""))
        except merging.CannotMerge as error:
            refused = str(error)
        else:
            return redirect("catalogue-record", pk)
    sides = [(each.record, editing.to_lines(marc.read(bytes(each.content)))) for each in (kept, other) if each]
    logs = MergeLog.objects.filter(kept_id=pk)
    context = {"kept": kept.record, "other": other, "sides": sides, "refused": refused, "logs": logs}
    return _page(request, "merge", context, 409 if refused else 200)


@require_http_methods(["GET", "POST"])
def imports_page(request: HttpRequest) -> HttpResponse:
    """Files that were read in, and the form for the next."""
    actor = _actor(request)
    form = forms.UploadForm(request.POST or None, request.FILES or None)
    refused = ""
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            with transaction.atomic():
                how = given["columns"], given["policy"]
                batch = uploads.keep(given["file"], given["file"].name, *how, actor.login_id)
                audit.write(actor, "upload-records", "import")
        except BadFile as error:
            refused = str(error)
        else:
            return redirect("catalogue-import", batch.pk)
    context = {"form": form, "refused": refused, "batches": ImportBatch.objects.all()[:50]}
    return _page(request, "imports", context, 400 if form.errors or refused else 200)


@require_http_methods(["GET", "POST"])
def import_page(request: HttpRequest, pk: int) -> HttpResponse:
    """A batch: what it would do, how far it is, what became of it. POST `act`: load, revert or revert-rest."""
    actor = _actor(request)
    batch = ImportBatch.objects.filter(pk=pk).first() if pk <= MAX_NUMBER else None
    if batch is None:
        raise Http404
    in_the_way, refused, going = [], "", False
    file = uploads.opened(batch) if batch.state in ("ready", "loading") else None
    if request.method == "POST":
        act = request.POST.get("act", "")
        try:
            if act == "load" and file is not None:
                importing.load(batch, file, actor, slices=SLICES)
                going = batch.state == "loading"
            elif act in ("revert", "revert-rest") and batch.state == "loaded":
                _, in_the_way = revert(batch, actor, except_obstacles=act == "revert-rest")
        except importing.WrongFile as error:
            refused = str(error)
        if not (in_the_way or refused or going):
            return redirect("catalogue-import", pk)
        batch.refresh_from_db()
    ready = batch.state == "ready" and file is not None
    context = {
        "batch": batch,
        "going": going,
        "refused": refused,
        "in_the_way": in_the_way,
        "preview": _preview(batch, file) if ready and file else None,
        "previewed": PREVIEWED,
        "has_file": file is not None,
        "obstacles": obstacles(batch, 20) if batch.state == "loaded" and not in_the_way else [],
        "quarantined": batch.records.filter(outcome="quarantined").defer("content")[:SHOWN],
        "percent": 100 * batch.position // batch.size if batch.size else 100,
    }
    return _page(request, "import", context, 409 if in_the_way or refused else 200)


def _preview(batch: ImportBatch, file: BinaryIO) -> importing.Preview:
    return importing.preview(importing.source_of(batch, file), batch.policy, PREVIEWED)


@require_GET
def quarantine_page(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The quarantined bytes of a batch as they came, for repair and another try."""
    actor = _actor(request)
    if not ImportBatch.objects.filter(pk=min(pk, MAX_NUMBER)).exists():
        raise Http404
    audit.write(actor, "export-records", "quarantine")
    rows = ImportBatch.objects.get(pk=pk).records.filter(outcome="quarantined").values_list("content", flat=True)
    return _file((bytes(content) for content in rows.iterator()), "application/octet-stream", f"quarantine-{pk}.bin")


@require_GET
def export_page(request: HttpRequest) -> HttpResponseBase:
    """Records by `q`, of a `batch`, or all (`all`), as `form` in `encoding`; without a choice, the page that asks."""
    actor = _actor(request)
    given = request.GET
    form = next((each for each in Form if each == given.get("form")), None)
    encoding = given.get("encoding", "utf-8")
    text = given.get("q", "")[: search.MAX_QUERY].replace("\x00", "")
    batch = _whole(given.get("batch", ""))
    if form is None or encoding not in exporting.ENCODINGS[form] or not (text or batch or given.get("all")):
        choices = [(each.value, encoding) for each in Form for encoding in exporting.ENCODINGS[each]]
        return _page(request, "export", {"choices": choices, "text": text, "batch": batch})
    numbers = (
        exporting.of(search.simple(text).all_ids())
        if text
        else exporting.of_batch(batch)
        if batch
        else exporting.every()
    )
    audit.write(actor, "export-records", "export")
    name = (
        f"records-{dt.date.today():%Y%m%d}.{'mrc' if form is Form.ISO2709 else 'xml' if form is Form.MARCXML else form}"
    )
    return _file(exporting.write(numbers, form, encoding), exporting.TYPES[form], name)


def _file(content: Any, media_type: str, name: str) -> HttpResponseBase:
    return StreamingHttpResponse(
        content, content_type=media_type, headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


@require_GET
def authorities_page(request: HttpRequest) -> HttpResponse:
    _actor(request)
    text = request.GET.get("q", "").strip()[:200].replace("\x00", "")
    return _page(request, "authorities", {"text": text, "hits": authorities.find(text)})


@require_http_methods(["GET", "POST"])
def new_authority_page(request: HttpRequest) -> HttpResponse:
    return _authority(request, None)


@require_http_methods(["GET", "POST"])
def authority_page(request: HttpRequest, pk: int) -> HttpResponse:
    found = Authority.objects.filter(pk=min(pk, MAX_NUMBER)).first()
    if found is None:
        raise Http404
    return _authority(request, found)


def _authority(request: HttpRequest, found: Authority | None) -> HttpResponse:
    """One authority record, new or over the `version` that was opened; POST `act` remove deletes it."""
    actor = _actor(request)
    form = forms.AuthorityForm(request.POST or None, initial=forms.AuthorityForm.of(found) if found else None)
    refused = ""
    if request.method == "POST":
        try:
            if found and request.POST.get("act") == "remove":
                with transaction.atomic():
                    authorities.remove(found.pk)
                    audit.write(actor, "remove-authority", "authority")
                return redirect("catalogue-authorities")
            if form.is_valid():
                with transaction.atomic():
                    version = _whole(request.POST.get("version", ""))
                    saved = authorities.save(form.data_of(), pk=found.pk if found else None, version=version)
                    audit.write(actor, "authority", "authority")
                return redirect("catalogue-authority", saved.pk)
        except authorities.CannotSave as error:
            refused = str(error)
    works = listing.in_order(series.works(found, 50)) if found else []
    context = {"form": form, "authority": found, "refused": refused, "works": works}
    return _page(request, "authority", context, 400 if form.errors or refused else 200)
