"""Django application `audit`."""

from django.apps import AppConfig


class Audit(AppConfig):
    name = "shoko_ils.audit"
    label = "audit"
