"""Django application `holdings`."""

from django.apps import AppConfig


class Holdings(AppConfig):
    name = "shoko_ils.holdings"
    label = "holdings"
