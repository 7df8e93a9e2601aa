"""Pages of My Library on the public service; a site that lists no password (patrons.items) has none of them."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path

from shoko_ils.mylibrary.views import holds, page, registering, signing
from shoko_ils.patrons import declared


def where_offered(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """The page, or 404 where citizens have no password."""

    @wraps(view)
    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not declared.site().has_my_library:
            raise Http404
        return view(request, *args, **kwargs)

    return checked


urlpatterns = [
    path("my/", where_offered(page.my_page), name="my"),
    path("my/login/", where_offered(signing.login_page), name="my-login"),
    path("my/logout/", where_offered(signing.logout_page), name="my-logout"),
    path("my/basket/", where_offered(holds.basket_page), name="my-basket"),
    path("my/basket/add/", where_offered(holds.basket_add), name="my-basket-add"),
    path("my/holds/", where_offered(page.hold_page), name="my-hold"),
    path("my/holds/ended/", where_offered(page.ended_page), name="my-hold-ended"),
    path("my/renew/", where_offered(page.renew_page), name="my-renew"),
    path("my/contact/", where_offered(page.contact_page), name="my-contact"),
    path("my/favourites/", where_offered(page.favourite_page), name="my-favourite"),
    path("my/history/", where_offered(page.history_page), name="my-history"),
    path("my/request/", where_offered(holds.request_page), name="my-request"),
    path("my/question/", where_offered(page.question_page), name="my-question"),
    path("password/", where_offered(registering.password_page), name="password"),
    path("registration/", registering.provisional_page, name="provisional-new"),
]
