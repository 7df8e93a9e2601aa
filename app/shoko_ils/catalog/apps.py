"""Django application `catalog`."""

from django.apps import AppConfig


class Catalog(AppConfig):
    name = "shoko_ils.catalog"
    label = "catalog"
