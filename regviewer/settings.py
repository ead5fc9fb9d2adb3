"""Every setting, with the environment variable that sets it; the README lists them with their defaults."""

from pathlib import Path

import environ
import structlog
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from kombu import Queue

BASE_DIR = Path(__file__).resolve().parent.parent

# For a week a movement may still turn out to be none: what is in its images is read later.
LEAST_DAYS_KEPT = 8

env = environ.Env()
env.read_env(BASE_DIR / ".env")


def required(name: str, what: str) -> str:
    """Read an environment variable that has no safe default, or stop the start with a sentence that names it."""
    value: str = env.str(name, default="")
    if not value:
        raise ImproperlyConfigured(f"{name} is not set: {what}. Set it in the environment or in {BASE_DIR / '.env'}.")
    return value


# --- Environment ---------------------------------------------------------------------------------------------------
SECRET_KEY = required("SECRET_KEY", "a long random text that signs sessions; `make run` writes one for you")
SECRETS_KEYS = required(
    "SECRETS_KEYS", "the keys that stored credentials are encrypted with, newest first; `make run` writes one for you"
).split(",")
SECRETS_KEYS = [key.strip() for key in SECRETS_KEYS if key.strip()]
DEBUG = env.bool("DEBUG", default=False)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
PUBLIC_READ = env.bool("PUBLIC_READ", default=False)
TIME_ZONE = env.str("TIME_ZONE", default="UTC")
DATABASES = {"default": env.db("DATABASE_URL", default=f"sqlite:///{BASE_DIR / 'regviewer.sqlite3'}")}
DATABASE_PATIENCE = env.int("DATABASE_PATIENCE", default=20)  # seconds to wait for a lock; `up` sets 4 for the web
days_to_keep = env.str("KEEP_MOVEMENTS_DAYS", default="0")
KEEP_MOVEMENTS_DAYS = int(days_to_keep) if days_to_keep.isdecimal() else -1  # what is older is deleted; 0: nothing is
REDIS_URL = env.str("REDIS_URL", default="")  # empty: `manage.py up` starts a broker of its own and sets it
BEHIND_HTTPS_PROXY = env.bool("BEHIND_HTTPS_PROXY", default=False)
LOG_LEVEL = env.str("LOG_LEVEL", default="INFO")
if 0 != KEEP_MOVEMENTS_DAYS < LEAST_DAYS_KEPT:
    raise ImproperlyConfigured(
        f"KEEP_MOVEMENTS_DAYS is {days_to_keep}: write 0 to keep all, or at least {LEAST_DAYS_KEPT} days."
    )

# --- Database ------------------------------------------------------------------------------------------------------
DATABASES["default"]["CONN_MAX_AGE"] = 60
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # IMMEDIATE takes the write lock at BEGIN: a transaction that reads first and writes later
    # would otherwise fail at once with "database is locked" instead of waiting its turn.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": DATABASE_PATIENCE,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
if DATABASES["default"]["ENGINE"] == "django.db.backends.postgresql":
    DATABASES["default"].setdefault("OPTIONS", {}).setdefault("connect_timeout", 4)
    POSTGRESQL = {
        "lock_timeout": DATABASE_PATIENCE * 1000,
        # A worker that froze, or whose machine is gone, amid a transaction keeps what it locked until that ends.
        # Between two statements of a poll lie seconds of work; the repository is free within a minute.
        "idle_in_transaction_session_timeout": 60_000,
        # Compiling a query of many parts takes seconds, and none of ours runs for so long.
        "jit": "off",
    }
    DATABASES["default"]["OPTIONS"].setdefault(
        "options", " ".join(f"-c {name}={value}" for name, value in POSTGRESQL.items())
    )
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Application ---------------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "tags",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "csp",
    "django_htmx",
    "django_structlog",
]
MIDDLEWARE = [
    "tags.middleware.WebhookSecretMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "tags.access.AccessMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "tags.middleware.ViewerTimeZoneMiddleware",
]
ROOT_URLCONF = "regviewer.urls"
WSGI_APPLICATION = "regviewer.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "board"
LOGOUT_REDIRECT_URL = "board"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]

# --- Language, time, static files ----------------------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
USE_TZ = True
STATIC_URL = "static/"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True  # serves them from where they are: no collectstatic step, nowhere

# --- Security ------------------------------------------------------------------------------------------------------
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    },
}
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = BEHIND_HTTPS_PROXY
if BEHIND_HTTPS_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# --- Celery --------------------------------------------------------------------------------------------------------
# Redis is only the doorbell: what is due, and who works on it, stands in the database. docs/celery.md says why so.
CELERY_BROKER_URL = REDIS_URL or "memory://"
CELERY_TASK_QUEUES = [Queue("dispatch"), Queue("polls")]
CELERY_TASK_DEFAULT_QUEUE = "polls"
CELERY_TASK_ROUTES = {
    f"tags.tasks.{name}": {"queue": "dispatch"} for name in ("dispatch", "count_workers", "hand_out_descriptions")
}
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_SOFT_TIME_LIMIT = 960
CELERY_TASK_TIME_LIMIT = 1020
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0.2, "interval_step": 0, "interval_max": 0.2}
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False
CELERY_WORKER_MAX_MEMORY_PER_CHILD = 250_000  # kilobytes
CELERY_WORKER_PROC_ALIVE_TIMEOUT = 30
CELERY_BROKER_CONNECTION_TIMEOUT = 4
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_BROKER_CHANNEL_ERROR_RETRY = True
CELERY_BROKER_TRANSPORT_OPTIONS = (
    {
        "visibility_timeout": 2 * CELERY_TASK_TIME_LIMIT,
        "socket_timeout": 5,
        "socket_connect_timeout": 4,
        "health_check_interval": 10,
    }
    if CELERY_BROKER_URL.startswith(("redis", "rediss", "unix"))
    else {}
)
CELERY_BEAT_SCHEDULER = "celery.beat.Scheduler"
CELERY_BEAT_MAX_LOOP_INTERVAL = 1

# --- Logging -------------------------------------------------------------------------------------------------------
# One line an event, values quoted, so that no text from a registry can forge a line.
LOG_PROCESSORS: list[structlog.typing.Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.ExtraAdder(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
]
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": structlog.stdlib.ProcessorFormatter,
            "foreign_pre_chain": LOG_PROCESSORS,
            "processors": [
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "logger", "event"]),
            ],
        },
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {
        "django.server": {"handlers": [], "propagate": True},
        "celery": {"level": "WARNING"},  # each ring of the doorbell would be four lines
    },
}
structlog.configure(
    processors=[*LOG_PROCESSORS, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
    logger_factory=structlog.stdlib.LoggerFactory(),
    cache_logger_on_first_use=True,
)
