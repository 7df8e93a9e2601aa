"""Django application `mylibrary`."""

from django.apps import AppConfig


class MyLibrary(AppConfig):
    name = "shoko_ils.mylibrary"
    label = "mylibrary"

    def ready(self) -> None:
        from shoko_ils.mylibrary import telling  # noqa: PLC0415  # models are not loaded before

        telling.register()
