"""Pages of the staff service; `staff.access.ACCESS` says who may open each of them."""

from django.conf.urls.i18n import i18n_patterns
from django.urls import path

from shoko_ils.counter import views

urlpatterns = i18n_patterns(
    path("", views.start, name="start"),
    path("login/", views.login_page, name="login"),
    path("login/supervisor/", views.supervise_page, name="supervise"),
    path("logout/", views.logout_page, name="logout"),
    path("lend/", views.lend_page, name="lend"),
    path("return/", views.return_page, name="return"),
    path("patrons/", views.patrons_page, name="patrons"),
    path("patrons/<uuid:pseudonym>/", views.patron_page, name="patron"),
    prefix_default_language=False,
)
handler400 = "shoko_ils.core.errors.bad_request"
handler403 = "shoko_ils.core.errors.forbidden"
handler404 = "shoko_ils.core.errors.not_found"
handler500 = "shoko_ils.core.errors.server_error"
