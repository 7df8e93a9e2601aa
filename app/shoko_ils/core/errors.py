"""Error pages, in the language of the path, without a database query."""

import sys

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from shoko_ils.core import db


def page(request: HttpRequest, status: int, heading: str, advice: str) -> HttpResponse:
    """One page for all errors: what happened, and what to do now."""
    context = {"status": status, "heading": heading, "advice": advice}
    response = render(request, "error.html", context, status=status)
    if status == 503:
        response["Retry-After"] = "5"
    return response


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return page(request, 400, _("This request cannot be read"), _("Please go back and try again."))


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return page(request, 403, _("You may not open this page"), _("Your permission level does not include it."))


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return page(request, 404, _("This page does not exist"), _("The address may be wrong or the page may have moved."))


def server_error(request: HttpRequest) -> HttpResponse:
    """Django calls this while it handles the error: one outside a view may be the absent database too."""
    error = sys.exception()
    if error is not None and db.is_away(error):
        return unavailable(request)
    return page(request, 500, _("Something went wrong on our side"), _("Please wait a moment and try again."))


def unavailable(request: HttpRequest) -> HttpResponse:
    return page(request, 503, _("The service is not available at the moment"), _("Please wait a moment and try again."))


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return page(request, 403, _("This form is no longer valid"), _("Open the page again and repeat the last step."))
