"""The hold basket (予約かご): titles and issues in a signed cookie, so that it survives the log-in and needs no row."""

from django.core import signing
from django.http import HttpRequest, HttpResponse

from shoko_ils.holdings import issues
from shoko_ils.holds.target import Target

COOKIE = "__Host-shoko-basket"
SALT = "shoko.basket"
MOST = 20


def read(request: HttpRequest) -> list[Target]:
    """What is in it, in the order in which it was put in; a forged or broken cookie is an empty basket."""
    try:
        found = signing.loads(request.COOKIES.get(COOKIE, ""), salt=SALT)
    except signing.BadSignature:
        return []
    # one of an earlier release holds bare record numbers
    targets = (Target.read(str(text)) for text in found)
    return [target for target in targets if target is not None][:MOST]


def wanted(request: HttpRequest) -> Target | None:
    """The title or issue that a form names; None for anything else."""
    found = Target.read(request.POST.get("record", ""))
    issue = issues.label(request.POST.get("issue", ""))
    return Target(found.record, found.issue or issue) if found else None


def write(response: HttpResponse, targets: list[Target]) -> None:
    """Until the browser is closed; an empty basket is no cookie."""
    if targets:
        text = signing.dumps([str(target) for target in targets[:MOST]], salt=SALT, compress=True)
        response.set_cookie(COOKIE, text, secure=True, httponly=True, samesite="Lax")
    else:
        response.delete_cookie(COOKIE)
