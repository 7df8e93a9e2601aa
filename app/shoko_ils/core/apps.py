"""Django application `core`."""

from django.apps import AppConfig


class Core(AppConfig):
    name = "shoko_ils.core"
    label = "core"

    def ready(self) -> None:
        from shoko_ils.core import db  # noqa: F401  # connects the notice handler
