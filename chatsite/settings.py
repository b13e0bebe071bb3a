"""Settings: the embedded profile needs none; production names its secrets and its origins."""

import sys
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from csp.constants import NONCE, NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from chatsite import env, production
from chatsite.schedule import Every

BASE_DIR = Path(__file__).resolve().parent.parent
# Before any code needs a file there: with a key from the environment nothing else creates it.
DATA_DIR = env.own_folder("DATA_DIR", BASE_DIR / "var")

# embedded: one machine, nothing installed beside it. production: several processes behind TLS.
PROFILE = env.choice("PROFILE", ("embedded", "production"), "embedded")
PRODUCTION = PROFILE == "production"

DEBUG = env.flag("DEBUG")
PORT = env.integer("PORT", 8000, least=1, most=65535)
# Read by `manage.py up`.
HOST = env.listening_host("HOST", "127.0.0.1")
if PRODUCTION and not env.text("SECRET_KEY"):
    raise ImproperlyConfigured("Production needs SECRET_KEY in the environment.")
SECRET_KEY = env.secret_key("SECRET_KEY", DATA_DIR / "secret_key")

# Scheme, host and port, exactly: consumers/handshake.py refuses a socket from any other origin.
SITE_ORIGINS = env.origins(
    "SITE_ORIGINS",
    [] if PRODUCTION else [f"http://{name}:{PORT}" for name in ("localhost", "127.0.0.1", "[::1]")],
)
if not SITE_ORIGINS:
    raise ImproperlyConfigured("Production needs SITE_ORIGINS, such as https://chat.example.org.")
# Hosts as Django compares them: an IPv6 address in its brackets, without a port.
ALLOWED_HOSTS = sorted(
    {
        f"[{name}]" if ":" in name else name
        for name in (urlsplit(o).hostname for o in SITE_ORIGINS)
        if name
    }
)
CSRF_TRUSTED_ORIGINS = SITE_ORIGINS
CSRF_FAILURE_VIEW = "memory_app.views.errors.form_expired"

INSTALLED_APPS = [
    "memory_app.apps.GatescopeAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "axes",
    "channels",
    "csp",
    "django_otp",
    "django_otp.plugins.otp_static",
    "django_otp.plugins.otp_totp",
    "django_htmx",
    "memory_app",
]

MIDDLEWARE = [
    "memory_app.middleware.HeadersMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "memory_app.middleware.FormMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "memory_app.middleware.PersonMiddleware",
    "memory_app.middleware.PolicyMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "chatsite.urls"
ASGI_APPLICATION = "chatsite.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "chatsite.context_processors.csp_nonce",
                "memory_app.site_state.site_state",
            ],
        },
    },
]

DATABASES = {"default": env.database("DATABASE_URL", DATA_DIR / "gatescope.sqlite3")}
if PRODUCTION and DATABASES["default"]["ENGINE"].endswith("postgresql"):
    # Seconds that a request waits for a connection before it is answered by 503, and that the pool
    # goes on trying by itself. The latter is short too: the pool waits twice as long after each
    # failure, and meanwhile no request connects either, so that an outage of a minute would last
    # one more. Each further request tries again.
    DATABASES["default"]["OPTIONS"]["pool"] = {
        "min_size": 2,
        "max_size": 16,
        "timeout": 3,
        "reconnect_timeout": 2,
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.queue("REDIS_URL")
# One process serves the site: SQLite and buckets in the process are then safe in production.
ONE_PROCESS = env.flag("ONE_PROCESS")
# Only sparse events pass through the layer, never tokens: the in-memory one drops silently.
CHANNEL_LAYERS = {
    "default": (
        {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            # Seconds; memory_app/channel_notices.py waits no longer.
            "CONFIG": {
                "hosts": [{"address": REDIS_URL, "socket_timeout": 2, "socket_connect_timeout": 2}]
            },
        }
        if REDIS_URL
        else {
            "BACKEND": "channels.layers.InMemoryChannelLayer",
            # Seconds that a socket stays in its group: a tab may stay open for months.
            "CONFIG": {"group_expiry": 10 * 365 * 86400},
        }
    )
}

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "login"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
# Failed log-ins with one name from one network until that pair has to wait. Never a name alone: a
# stranger could lock the owner out.
LOGIN_FAILURES = env.integer("LOGIN_FAILURES", 5 * PRODUCTION, least=0, most=1000)
AXES_ENABLED = LOGIN_FAILURES > 0
AXES_FAILURE_LIMIT = LOGIN_FAILURES or 1
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_CLIENT_IP_CALLABLE = "memory_app.log_in_guard.network_of"
AXES_LOCKOUT_CALLABLE = "memory_app.log_in_guard.locked_out"
AXES_RESET_ON_SUCCESS = True
AXES_DISABLE_ACCESS_LOG = True
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False
# One-time passwords of staff: off, offered (for those who have set it up), or required of all.
STAFF_TOTP = env.choice(
    "STAFF_TOTP", ("off", "offered", "required"), "offered" if PRODUCTION else "off"
)
OTP_TOTP_ISSUER = "Gatescope"
LOGIN_REDIRECT_URL = "front"
LOGOUT_REDIRECT_URL = "front"

# A guest is known by the session alone, so it lives long and is renewed by use.
SESSION_COOKIE_AGE = 90 * 24 * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
_https = all(origin.startswith("https://") for origin in SITE_ORIGINS)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _https
if _https:
    SECURE_HSTS_SECONDS = 365 * 24 * 3600
    SECURE_SSL_REDIRECT = env.flag("SSL_REDIRECT", True)
# Asked from the machine itself, where nothing ends TLS.
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
# Read by memory_app/asker.py too.
TRUST_PROXY = env.flag("TRUST_PROXY")
if TRUST_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "manifest-src": [SELF],
        # 'self' doesn't cover ws: in older browsers, so the socket's origins are named; except IPv6
        # addresses, for which a policy has no syntax: there the browser's 'self' has to do.
        "connect-src": [
            SELF,
            *(origin.replace("http", "ws", 1) for origin in SITE_ORIGINS if "[" not in origin),
        ],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        **({"report-uri": "/csp-report/"} if PRODUCTION else {}),
    }
}

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("zh-hans", _("Simplified Chinese"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"
FORMAT_MODULE_PATH = "chatsite.formats"

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
# The image collects hashed and compressed files at its build; `make run` serves the sources.
STATIC_COLLECTED = env.flag("STATIC_COLLECTED")
STATIC_ROOT = env.folder("STATIC_ROOT", BASE_DIR / "staticfiles") if STATIC_COLLECTED else None
# collectstatic creates it; in every other process a missing one is a page without a style.
if (
    STATIC_ROOT
    and "collectstatic" not in sys.argv
    and not (STATIC_ROOT / "staticfiles.json").is_file()
):
    raise ImproperlyConfigured(
        f"STATIC_ROOT: {STATIC_ROOT} holds no collected files: run manage.py collectstatic first."
    )
WHITENOISE_USE_FINDERS = not STATIC_COLLECTED
WHITENOISE_AUTOREFRESH = DEBUG
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if STATIC_COLLECTED
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}

# Bytes of one websocket message: above this the server closes with 1009 (contract of the wire).
WEBSOCKET_MAX_BYTES = 1024 * 1024

# redis://, rediss:// or amqp:// (RabbitMQ); without one, files below DATA_DIR.
BROKER_URL = env.queue("BROKER_URL", REDIS_URL, rabbit=True)
_BROKER = DATA_DIR / "broker"
CELERY_BROKER_URL = BROKER_URL or "filesystem://localhost/"
# On disk by a transport of our own (chatsite/filesystem_broker.py), which never leaves a partial
# message.
CELERY_BROKER_TRANSPORT = None if BROKER_URL else "chatsite.filesystem_broker:Transport"
CELERY_BROKER_TRANSPORT_OPTIONS = (
    {}
    if BROKER_URL
    else {
        # One folder for both: with two, producer and worker would read different places.
        "data_folder_in": str(_BROKER / "messages"),
        "data_folder_out": str(_BROKER / "messages"),
        "control_folder": str(_BROKER / "control"),
        "processed_folder": str(_BROKER / "processed"),
        "polling_interval": 0.2,
    }
)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_RESULT_EXPIRES = None  # no results, so no task of Celery's own that deletes them
# A message is acknowledged when it is received: a training takes hours, and every broker would
# deliver it again meanwhile (Redis after an hour) or disconnect (RabbitMQ after half of one). The
# run's row shows what a dead worker had received instead.
CELERY_TASK_ACKS_LATE = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
# Celery's own beat sends them: within the worker of `manage.py up`, by `celery beat` elsewhere. A
# message that no worker received before the next one is due is dropped.
CELERY_BEAT_SCHEDULE = {
    name: {
        "task": f"memory_app.tasks.{name}",
        "schedule": Every(seconds),
        "options": {"expires": seconds},
    }
    for name, seconds in {"recover": 5.0, "purge": 3600.0}.items()
}
# In memory: the other one keeps its clock in a pickle.
CELERY_BEAT_SCHEDULER = "celery.beat:Scheduler"
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_WORKER_HIJACK_ROOT_LOGGER = False

# Bounds of uploads by staff. A body ends at the first (chatsite/asgi_body_limit.py), before
# anything is stored.
UPLOAD_MAX_MB = env.integer("UPLOAD_MAX_MB", 512, least=1, most=65536)
UPLOAD_SECONDS = env.integer("UPLOAD_SECONDS", 600, least=5, most=86400)
CORPUS_MAX_MB = env.integer("CORPUS_MAX_MB", 2048, least=1, most=1048576)
CORPUS_MAX_ROWS = env.integer("CORPUS_MAX_ROWS", 5_000_000, least=1, most=1_000_000_000)
CORPORA_USER_MB = env.integer("CORPORA_USER_MB", 8192, least=1, most=16777216)
CORPORA_TOTAL_MB = env.integer("CORPORA_TOTAL_MB", 32768, least=1, most=16777216)
# Files of a form go to disk under names of our own, however small; see the handler.
FILE_UPLOAD_HANDLERS = ["memory_app.upload_handler.DiskUploadHandler"]

# Token ids of one message at most. 4,000 characters are at most 16,000 ids, four bytes each.
TURN_MAX_IDS = env.integer("TURN_MAX_IDS", 2048, least=64, most=16_000)

# A public demo: strangers try it without an account. It only sets defaults of what follows.
DEMO = env.flag("DEMO")
# Days without a visit after which a guest goes, with chats and states; 0: never.
GUEST_DAYS = env.integer("GUEST_DAYS", 7 if DEMO else 90 * PRODUCTION, least=0, most=3650)
# Chats of a guest, and turns of a guest's chat; 0: no bound.
GUEST_CHATS = env.integer("GUEST_CHATS", 20 * DEMO, least=0, most=100_000)
GUEST_TURNS = env.integer("GUEST_TURNS", 200 * DEMO, least=0, most=100_000)
# MiB free on the disk below which the dashboard warns, no new chats begin, nothing is written.
_SERVED = DEMO or PRODUCTION
DISK_WARN_MB = env.integer("DISK_WARN_MB", 4096 * _SERVED, least=0, most=16777216)
DISK_NO_CHATS_MB = env.integer("DISK_NO_CHATS_MB", 2048 * _SERVED, least=0, most=16777216)
DISK_READ_ONLY_MB = env.integer("DISK_READ_ONLY_MB", 1024 * _SERVED, least=0, most=16777216)
if not DISK_WARN_MB >= DISK_NO_CHATS_MB >= DISK_READ_ONLY_MB:
    raise ImproperlyConfigured(
        "DISK_WARN_MB must be at least DISK_NO_CHATS_MB, and that at least DISK_READ_ONLY_MB."
    )
# Words of a crisis get a fixed answer instead of a sampled one.
CRISIS_ANSWER = env.flag("CRISIS_ANSWER", DEMO)
# A file of phrases that are neither sent nor said, or a function (memory_app/word_filter.py).
WORD_FILTER = env.word_filter("WORD_FILTER")
# Everything can be read and nothing changed; the dashboard has the same switch.
READ_ONLY = env.flag("READ_ONLY")

# Token buckets (memory_app/limits/): what each kind of request may take. None in the embedded
# profile. The dashboard can change them while the site runs.
_SCOPES = ("guest", "member", "address", "network", "all")
LIMITS = {
    kind: env.rates(f"LIMIT_{kind.upper()}", rates if PRODUCTION or DEMO else "", _SCOPES)
    for kind, rates in {
        "messages": "guest=60/h member=600/h address=240/h network=960/h all=20000/h",
        "ids": "guest=40000/h member=400000/h address=160000/h network=640000/h all=10000000/h",
        "chats": "guest=20/h member=200/h address=80/h network=320/h all=5000/h",
        "guests": "address=30/h network=120/h all=5000/h",
        "signups": "address=5/h network=20/h all=500/h",
        "logins": "address=30/h network=60/h all=5000/h",
        "exports": "guest=20/h member=100/h address=60/h network=240/h all=2000/h",
        "imports": "guest=20000/h member=200000/h address=80000/h network=320000/h all=4000000/h",
        "traces": "guest=40000/h member=400000/h address=160000/h network=640000/h all=10000000/h",
        "inspections": "guest=200000/h member=2000000/h address=800000/h network=3200000/h"
        " all=20000000/h",
    }.items()
}

# Seconds after which a guest's reply is stopped that no open page follows; 0: it goes on. The
# embedded profile has no limits.
GUEST_REPLY_SECONDS = env.integer(
    "GUEST_REPLY_SECONDS", 10 * (DEMO or PRODUCTION), least=0, most=3600
)

# Of a branch's states, older than a day, every n-th is kept and the others are dropped, to be
# replayed when they are asked for (services/chat/states_drop.py). 0: all are kept.
STATE_KEEP = env.integer("STATE_KEEP", 0, least=0, most=1000)

# Read by memory_app/runtime.py alone.
MEMORY_MAX_BATCH = env.integer("MEMORY_MAX_BATCH", 64, least=1, most=1024)
MEMORY_TRACE_CACHE_MB = env.integer("MEMORY_TRACE_CACHE_MB", 128, least=0, most=65536)
MEMORY_MAX_MODELS = env.integer("MEMORY_MAX_MODELS", 3, least=1, most=64)

# mailto: or https:, for /.well-known/security.txt and the pages of terms and privacy.
SECURITY_CONTACT = env.contact("SECURITY_CONTACT")
# Bearer token of /metrics; without one there is no such page.
METRICS_TOKEN = env.text("METRICS_TOKEN").strip()

# Chats of one member that may be remembered for good.
LONG_TERM_CHATS_MAX = env.integer("LONG_TERM_CHATS_MAX", 10, least=1, most=100)

LOG_LEVEL = env.choice("LOG_LEVEL", ("DEBUG", "INFO", "WARNING", "ERROR"), "INFO")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "chatsite.json_log.JsonFormatter"}},
    "filters": {"without_probes": {"()": "chatsite.json_log.WithoutProbes"}},
    "handlers": {
        "stderr": {
            "class": "logging.StreamHandler",
            "formatter": "json",
            "filters": ["without_probes"],
        }
    },
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
    "loggers": {
        # Its lines hold names and addresses; the audit log has those of staff.
        "axes": {"handlers": [], "level": "CRITICAL", "propagate": False},
        "django": {"handlers": ["stderr"], "level": "INFO", "propagate": False},
        "django.server": {"handlers": ["stderr"], "level": "WARNING", "propagate": False},
        # A line a request would contain the search words of ?q=, which are a person's.
        "uvicorn": {"handlers": ["stderr"], "level": "INFO", "propagate": False},
        "uvicorn.access": {"handlers": [], "level": "WARNING", "propagate": False},
        # A traceback a second while Redis is away: memory_app/channel_notices.py logs one line.
        "channels_redis": {"handlers": [], "level": "CRITICAL", "propagate": False},
        # A line for each try while the database is away: memory_app/outage_log.py logs one.
        "psycopg.pool": {"handlers": [], "level": "CRITICAL", "propagate": False},
    },
}

if PRODUCTION:
    production.refuse_unsafe(globals())
