"""Django application `core`."""

from django.apps import AppConfig


class Core(AppConfig):
    name = "shoko_ils.core"
    label = "core"

    def ready(self) -> None:
        from shoko_ils.core import db  # noqa: F401, PLC0415  # connects the notice handler, once the applications are loaded
