"""Django application `opac`."""

from django.apps import AppConfig


class Opac(AppConfig):
    name = "shoko_ils.opac"
    label = "opac"
