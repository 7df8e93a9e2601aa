"""The public service (WebOPAC): no log-in, no cookie, read only."""

from shoko_ils.settings.base import *  # noqa: F403
from shoko_ils.settings.base import INSTALLED_APPS, MIDDLEWARE, database

INSTALLED_APPS = [*INSTALLED_APPS, "shoko_ils.opac"]
FACE = "opac"
ROOT_URLCONF = "shoko_ils.urls_public"
WSGI_APPLICATION = "shoko_ils.wsgi_public.application"
MIDDLEWARE = [*MIDDLEWARE, "django.middleware.clickjacking.XFrameOptionsMiddleware"]
DATABASES = database("ils_public", schemas="ils,private", statement_timeout_ms=5000)
