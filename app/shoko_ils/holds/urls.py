"""Pages of the hold counter."""

from django.urls import path

from shoko_ils.holds.views import contact, placing, queues, requests, slips, work

urlpatterns = [
    path("", work.start, name="holds"),
    path("pull/", work.pull_page, name="holds-pull"),
    path("arrivals/", work.arrivals_page, name="holds-arrivals"),
    path("shelf/", work.shelf_page, name="holds-shelf"),
    path("expired/", work.expired_page, name="holds-expired"),
    path("contact/", contact.contact_page, name="holds-contact"),
    path("postcards/", contact.postcards_page, name="holds-postcards"),
    path("postcards/sent/", contact.posted_page, name="holds-posted"),
    path("queue/", queues.queues_page, name="holds-queues"),
    path("queue/<int:pk>/", queues.title_page, name="holds-title"),
    path("queue/<int:pk>/<path:issue>/", queues.title_page, name="holds-title"),
    path("place/", placing.place_page, name="holds-place"),
    path("requests/", requests.requests_page, name="holds-requests"),
    path("slips/<int:pk>/", slips.hold_slip, name="hold-slip"),
    path("transits/<int:pk>/", slips.transit_slip, name="transit-slip"),
]
