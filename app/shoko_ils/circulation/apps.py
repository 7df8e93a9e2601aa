"""Django application `circulation`."""

from django.apps import AppConfig


class Circulation(AppConfig):
    name = "shoko_ils.circulation"
    label = "circulation"

    def ready(self) -> None:
        from shoko_ils.circulation import telling  # noqa: PLC0415  # models are not loaded before

        telling.register()
