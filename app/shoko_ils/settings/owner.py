"""Every management command but serve_members: they run as the owner of the database. Serves nothing."""

from shoko_ils.settings.base import *  # noqa: F403
from shoko_ils.settings.base import INSTALLED_APPS, database

INSTALLED_APPS = [*INSTALLED_APPS, "shoko_ils.opac", "shoko_ils.counter"]
FACE = "opac"
ROOT_URLCONF = "shoko_ils.urls_public"
DATABASES = database("ils_owner", schemas="ils,private", statement_timeout_ms=0)
