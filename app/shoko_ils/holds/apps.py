"""Django application `holds`."""

from django.apps import AppConfig


class Holds(AppConfig):
    name = "shoko_ils.holds"
    label = "holds"

    def ready(self) -> None:
        from shoko_ils.holds import telling  # noqa: PLC0415  # models are not loaded before

        telling.register()
