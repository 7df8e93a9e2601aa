"""Django application `enquiries`."""

from django.apps import AppConfig


class Enquiries(AppConfig):
    name = "shoko_ils.enquiries"
    label = "enquiries"
