"""Django application `staff`."""

from django.apps import AppConfig


class Staff(AppConfig):
    name = "shoko_ils.staff"
    label = "staff"
