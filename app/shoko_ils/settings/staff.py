"""The staff service: every page but the log-in asks for a person, and says which level may open it."""

from shoko_ils.settings import env
from shoko_ils.settings.base import *  # noqa: F403
from shoko_ils.settings.base import CONTENT_SECURITY_POLICY, INSTALLED_APPS, MIDDLEWARE, TEMPLATES, database

INSTALLED_APPS = [*INSTALLED_APPS, "shoko_ils.counter"]
FACE = "counter"
ROOT_URLCONF = "shoko_ils.urls_staff"
WSGI_APPLICATION = "shoko_ils.wsgi_staff.application"
MIDDLEWARE = [
    *MIDDLEWARE,
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "shoko_ils.staff.gate.StaffGate",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
TEMPLATES[0]["OPTIONS"]["context_processors"].append("shoko_ils.counter.context.counter")
# The scan field is kept in focus by one small script of ours.
CONTENT_SECURITY_POLICY += (
    "; script-src 'self'; connect-src 'self'; require-trusted-types-for 'script'; trusted-types shoko"
)
DATABASES = database("ils_staff", schemas="ils", statement_timeout_ms=5000)

# an uploaded file of records (20 MB at most) stays in memory: the service has no directory to write to
FILE_UPLOAD_MAX_MEMORY_SIZE = 21 * 1024 * 1024

# copy cataloguing: the information proxy as URL, the one site behind it; both unset: the function is off
INFORMATION_PROXY = env.text("SHOKO_INFORMATION_PROXY", "")
NDL_SITE = env.text("SHOKO_NDL_SITE", "")

SESSION_COOKIE_NAME = "__Host-shoko-staff"
SESSION_COOKIE_SECURE = True
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Strict"
SESSION_COOKIE_AGE = 10 * 60 * 60  # a working day; a closed browser ends it earlier
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
CSRF_COOKIE_NAME = "__Host-shoko-staff-csrf"
CSRF_COOKIE_SECURE = True
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Strict"
CSRF_FAILURE_VIEW = "shoko_ils.core.errors.csrf_failure"
LOGIN_URL = "login"
