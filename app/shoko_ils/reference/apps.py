"""Django application `reference`."""

from django.apps import AppConfig


class Reference(AppConfig):
    name = "shoko_ils.reference"
    label = "reference"

    def ready(self) -> None:
        from shoko_ils.reference import telling  # noqa: PLC0415  # models are not loaded before

        telling.register()
