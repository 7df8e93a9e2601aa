"""Pages of the public service: Japanese at the root, English under /en/, plain Japanese under /ja-easy/, for children
under /ja-kids/. There is nothing else."""

from django.conf.urls.i18n import i18n_patterns
from django.urls import include, path

from shoko_ils.opac import views
from shoko_ils.reference.views import public as reference

urlpatterns = [
    path("robots.txt", views.robots),
    *i18n_patterns(
        path("", views.home, name="home"),
        path("search/", views.search, name="search"),
        path("new/", views.arrivals, name="arrivals"),
        path("cases/", reference.cases_page, name="cases"),
        path("cases/<int:pk>/", reference.case_page, name="case"),
        path("", include("shoko_ils.mylibrary.urls")),
        path("records/<int:pk>/", views.record, name="record"),
        path("authorities/<int:pk>/", views.authority, name="authority"),
        prefix_default_language=False,
    ),
]
handler400 = "shoko_ils.core.errors.bad_request"
handler403 = "shoko_ils.core.errors.forbidden"
handler404 = "shoko_ils.core.errors.not_found"
handler500 = "shoko_ils.core.errors.server_error"
