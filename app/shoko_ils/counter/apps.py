"""Django application `counter`."""

from django.apps import AppConfig


class Counter(AppConfig):
    name = "shoko_ils.counter"
    label = "counter"
