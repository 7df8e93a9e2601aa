"""Django application `vault`."""

from django.apps import AppConfig


class Vault(AppConfig):
    name = "shoko_ils.vault"
    label = "vault"
