"""The hold basket (予約かご): record numbers in a signed cookie, so that it survives the log-in and needs no row."""

from django.core import signing
from django.http import HttpRequest, HttpResponse

COOKIE = "__Host-shoko-basket"
SALT = "shoko.basket"
MOST = 20


def read(request: HttpRequest) -> list[int]:
    """Record numbers in the order in which they were put in; a forged or broken cookie is an empty basket."""
    try:
        found = signing.loads(request.COOKIES.get(COOKIE, ""), salt=SALT)
    except signing.BadSignature:
        return []
    return [number for number in found if isinstance(number, int)][:MOST]


def write(response: HttpResponse, records: list[int]) -> None:
    """Until the browser is closed; an empty basket is no cookie."""
    if records:
        response.set_cookie(
            COOKIE, signing.dumps(records[:MOST], salt=SALT), secure=True, httponly=True, samesite="Lax"
        )
    else:
        response.delete_cookie(COOKIE)
