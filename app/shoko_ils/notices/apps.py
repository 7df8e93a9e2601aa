"""Django application `notices`."""

from django.apps import AppConfig


class Notices(AppConfig):
    name = "shoko_ils.notices"
    label = "notices"
