"""Django application `circulation`."""

from django.apps import AppConfig


class Circulation(AppConfig):
    name = "shoko_ils.circulation"
    label = "circulation"
