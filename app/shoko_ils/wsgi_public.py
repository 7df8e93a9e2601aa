"""Entry point of the public service for gunicorn."""

import os

from django.core.wsgi import get_wsgi_application

os.environ["DJANGO_SETTINGS_MODULE"] = "shoko_ils.settings.public"
application = get_wsgi_application()
