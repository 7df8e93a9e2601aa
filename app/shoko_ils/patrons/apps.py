"""Django application `patrons`."""

from django.apps import AppConfig


class Patrons(AppConfig):
    name = "shoko_ils.patrons"
    label = "patrons"
