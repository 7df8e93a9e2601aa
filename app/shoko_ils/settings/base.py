"""What both services and the owner's commands share."""

from pathlib import Path
from typing import Any

from shoko_ils.settings import env

PACKAGE = Path(__file__).resolve().parent.parent
BASE_DIR = PACKAGE.parent

SECRET_KEY = env.secret("SHOKO_SECRET_KEY_FILE")
ALLOWED_HOSTS = env.names("SHOKO_ALLOWED_HOSTS")
CSRF_TRUSTED_ORIGINS = env.names("SHOKO_CSRF_ORIGINS")
DEBUG = False
SITE = env.site("SHOKO_SITE_FILE")
COUNTER_RETRY_SECONDS = env.number("SHOKO_DB_RETRY_SECONDS", 10)

MODEL_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "shoko_ils.core",
    "shoko_ils.catalog",
    "shoko_ils.holdings",
    "shoko_ils.patrons",
    "shoko_ils.staff",
    "shoko_ils.circulation",
    "shoko_ils.notices",
    "shoko_ils.holds",
    "shoko_ils.audit",
    "shoko_ils.vault",
    "shoko_ils.reference",
    "shoko_ils.mylibrary",
    "shoko_ils.enquiries",
]
INSTALLED_APPS = [*MODEL_APPS, "django.contrib.sessions", "django.contrib.staticfiles"]
AUTH_USER_MODEL = "staff.StaffAccount"
AUTHENTICATION_BACKENDS = ["shoko_ils.staff.login.StaffBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.ScryptPasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("login_id", "name")},
    },
]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

MIDDLEWARE = [
    "shoko_ils.core.middleware.SecurityHeaders",
    "shoko_ils.core.middleware.Health",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "shoko_ils.core.middleware.DatabaseAway",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
]
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [PACKAGE / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "shoko_ils.core.context.site",
            ],
        },
    }
]

LANGUAGE_CODE = "ja"
LANGUAGES = [("ja", "日本語"), ("en", "English")]
LOCALE_PATHS = [PACKAGE / "locale"]
TIME_ZONE = "Asia/Tokyo"
USE_TZ = True

# mail leaves through the relay of the site; without one the notices wait
EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
EMAIL_HOST, EMAIL_PORT = env.host_and_port("SHOKO_MAIL_RELAY", 25)
EMAIL_USE_TLS = env.text("SHOKO_MAIL_STARTTLS", "") == "1"
EMAIL_TIMEOUT = 20
MAIL_FROM = env.text("SHOKO_MAIL_FROM", "")

STATIC_URL = "/static/"
STATIC_ROOT = Path(env.text("SHOKO_STATIC_ROOT", str(BASE_DIR / "static")))
STATICFILES_DIRS = [PACKAGE / "static"]
STORAGES = {"staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"}}

X_FRAME_OPTIONS = "DENY"
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"class": "shoko_ils.core.logs.Line", "format": "%(levelname)s %(name)s: %(message)s"}},
    # standard error goes to the journal, which adds time and unit
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
    # django.request writes the path of every 4xx; the path of a search is what a citizen reads
    "loggers": {"django.request": {"level": "ERROR"}},
}


def database(user: str, *, schemas: str, statement_timeout_ms: int) -> dict[str, dict[str, Any]]:
    """DATABASES for one role: several hosts, the writable one is found by libpq, log-in by certificate.

    `schemas` becomes the search_path, so that a role which may not see the private schema never names it.
    """
    hosts, ports = env.hosts_and_ports("SHOKO_DB_HOSTS")
    server_settings = {
        "search_path": schemas,
        "statement_timeout": statement_timeout_ms,
        "lock_timeout": min(statement_timeout_ms, 3000) if statement_timeout_ms else 0,
        "idle_in_transaction_session_timeout": 15000 if statement_timeout_ms else 0,
    }
    options: dict[str, Any] = {
        "target_session_attrs": "read-write",
        "connect_timeout": 2,
        "tcp_user_timeout": 2000,
        "keepalives_idle": 5,
        "keepalives_interval": 2,
        "keepalives_count": 3,
        "application_name": user,
        "options": " ".join(f"-c {key}={value}" for key, value in server_settings.items()),
    }
    root = env.text("SHOKO_DB_SSLROOTCERT", "")
    if root:
        options |= {
            "sslmode": "verify-full",
            "sslrootcert": root,
            "sslcert": env.text("SHOKO_DB_SSLCERT"),
            "sslkey": env.text("SHOKO_DB_SSLKEY"),
        }
    return {
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": env.text("SHOKO_DB_NAME"),
            "USER": env.text("SHOKO_DB_USER", user),
            "HOST": hosts,
            "PORT": ports,
            "CONN_MAX_AGE": 300,
            "CONN_HEALTH_CHECKS": True,
            "OPTIONS": options,
        }
    }
