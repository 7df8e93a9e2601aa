"""Pages of the management of items."""

from django.urls import path

from shoko_ils.holdings.views import many, one

urlpatterns = [
    path("", many.items_page, name="items"),
    path("<int:pk>/", one.item_page, name="item"),
    path("new/<int:pk>/", one.new_page, name="item-new"),
    path("many/", many.many_page, name="items-many"),
    path("acts/<int:pk>/", many.act_page, name="items-act"),
    path("labels/", many.labels_page, name="items-labels"),
    path("register/", many.register_page, name="items-register"),
]
