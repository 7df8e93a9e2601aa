"""Pages of My Library on the public service."""

from django.urls import path

from shoko_ils.mylibrary.views import holds, page, registering, signing

urlpatterns = [
    path("my/", page.my_page, name="my"),
    path("my/login/", signing.login_page, name="my-login"),
    path("my/logout/", signing.logout_page, name="my-logout"),
    path("my/basket/", holds.basket_page, name="my-basket"),
    path("my/basket/add/", holds.basket_add, name="my-basket-add"),
    path("my/holds/", page.hold_page, name="my-hold"),
    path("my/holds/ended/", page.ended_page, name="my-hold-ended"),
    path("my/renew/", page.renew_page, name="my-renew"),
    path("my/contact/", page.contact_page, name="my-contact"),
    path("my/favourites/", page.favourite_page, name="my-favourite"),
    path("my/history/", page.history_page, name="my-history"),
    path("my/request/", holds.request_page, name="my-request"),
    path("my/question/", page.question_page, name="my-question"),
    path("password/", registering.password_page, name="password"),
    path("registration/", registering.provisional_page, name="provisional-new"),
]
