"""Django application `patrons`."""

from django.apps import AppConfig


class Patrons(AppConfig):
    name = "shoko_ils.patrons"
    label = "patrons"

    def ready(self) -> None:
        from shoko_ils.patrons import telling  # noqa: PLC0415  # models are not loaded before

        telling.register()
