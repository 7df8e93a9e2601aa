"""The public service (WebOPAC): reads the catalogue; a cookie only for who logs in, holds or applies."""

from shoko_ils.settings.base import *  # noqa: F403
from shoko_ils.settings.base import INSTALLED_APPS, LANGUAGES, MIDDLEWARE, TEMPLATES, database

INSTALLED_APPS = [*INSTALLED_APPS, "shoko_ils.opac"]
FACE = "opac"
ROOT_URLCONF = "shoko_ils.urls_public"
WSGI_APPLICATION = "shoko_ils.wsgi_public.application"
MIDDLEWARE = [
    *MIDDLEWARE,
    "django.middleware.csrf.CsrfViewMiddleware",
    "shoko_ils.mylibrary.session.MemberSession",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
TEMPLATES[0]["OPTIONS"]["context_processors"].append("shoko_ils.mylibrary.context.member")
# how long a page waits for the desk, which answers in some milliseconds
ORDER_SECONDS = 6.0
# やさしい日本語 and こども: their texts stand before those of ja, which fill the rest
LANGUAGES = [*LANGUAGES, ("ja-easy", "やさしい日本語"), ("ja-kids", "こども")]
CSRF_COOKIE_NAME = "__Host-shoko-csrf"
CSRF_COOKIE_AGE = None
CSRF_COOKIE_SECURE = True
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Strict"
CSRF_FAILURE_VIEW = "shoko_ils.core.errors.csrf_failure"
DATABASES = database("ils_public", schemas="ils,private", statement_timeout_ms=5000)
