"""What the counter prints: the slip of a sitting, and the sheet of barcodes that stand for keys."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from shoko_ils.counter import desk as desks
from shoko_ils.counter import showing, words
from shoko_ils.counter.sitting import Sitting
from shoko_ils.holdings import nw7


@require_http_methods(["GET", "POST"])
def receipt_page(request: HttpRequest) -> HttpResponse:
    """The slip: what was lent in this sitting and until when. Number masked, no name; of a trainee without number."""
    desk = desks.at(request)
    sitting = Sitting.read(request.POST.get("sitting", ""), desk.staff)
    if sitting is None:
        return redirect("lend")
    context = showing.of_sitting(desk, sitting)
    card = sitting.card if context["patron"] else None
    return render(request, "counter/receipt.html", {"card": card, "loans": context["now_lent"]})


@require_http_methods(["GET"])
def desk_sheet_page(request: HttpRequest) -> HttpResponse:
    """The barcodes that stand for keys, to print and lay beside the scanner."""
    desks.at(request)
    codes = [(code, word, nw7.bars(code)) for code, word in words.operations().items()]
    return render(request, "counter/desk_sheet.html", {"codes": codes, "mode": ""})
