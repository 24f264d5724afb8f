"""The only settings file. Everything that differs between deployments is read from the environment.

Every secret `NAME` may be given as `NAME_FILE`, the path of a file that holds it. `SEARCHSITE_EMBEDDED=1` is the
mode of `make run`: demo accounts exist and anonymous visitors may read the API.
"""

from __future__ import annotations

from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured
from redis.backoff import NoBackoff
from redis.retry import Retry

from searchsite.environment import DEFAULT_WEB_THREADS, optional_secret, read_secret

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()

EMBEDDED = env.bool("SEARCHSITE_EMBEDDED", default=False)
# With `make run CATALOG=path` the items are not the bundled films.
_HAS_FILMS = EMBEDDED and not env.str("CATALOG", default="")
DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = read_secret("SECRET_KEY")
ALLOWED_HOSTS = [host.strip() for host in read_secret("ALLOWED_HOSTS").split(",") if host.strip()]
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
CSRF_FAILURE_VIEW = "catalog.http.problems.csrf_failed"

# The start of links built without a request, as in the lists for mailings.
SITE_URL = env.str("SITE_URL", default="").rstrip("/")
SITE_NAME = env.str("SITE_NAME", default="Picture House" if _HAS_FILMS else "Search")
ITEM_NOUN = env.str("ITEM_NOUN", default="film" if _HAS_FILMS else "item")
ITEM_NOUN_PLURAL = env.str("ITEM_NOUN_PLURAL", default=ITEM_NOUN + "s")
# Offered on the first page; if empty, the most common categories are.
EXAMPLE_SEARCHES = (
    ("a lonely robot learns to love", "stuck in a time loop", "a heist that goes wrong", "grief, treated gently")
    if _HAS_FILMS
    else ()
)
# Encoders adapted to this catalogue; the web server and all workers read this folder.
ENCODERS_DIR = Path(env.str("ENCODERS_DIR", default=str(BASE_DIR / ".data" / "encoders")))
MEDIA_ROOT = Path(env.str("MEDIA_ROOT", default=str(BASE_DIR / ".data" / "media")))

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.admin",
    "rest_framework",
    "drf_spectacular",
    "pgtrigger",
    "csp",
    "catalog",
    "recommender",
    "workers",
    "dashboard",
]

MIDDLEWARE = [
    "catalog.http.middleware.RequestContextMiddleware",
    "catalog.http.middleware.RequestTextMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "catalog.http.middleware.ContentSecurityPolicyMiddleware",
    "catalog.http.middleware.BodyLimitMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "catalog.http.throttling.PageRateMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "catalog.http.slow_clients.SlowClientsMiddleware",
    "catalog.http.middleware.RefusedMethodMiddleware",
    "recommender.serving.middleware.ShownListsMiddleware",
]

ROOT_URLCONF = "searchsite.urls"
# Threads in each web server process. Some of them are never given to slow clients.
WEB_THREADS = env.int("WEB_THREADS", default=DEFAULT_WEB_THREADS)
WSGI_APPLICATION = "searchsite.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "catalog.http.context.site",
                "recommender.context.reactions",
            ]
        },
    }
]

# How HNSW indexes are scanned: how many passages a scan keeps in view; that it continues until a filter is satisfied,
# through how many passages at most; and the memory for that, as a multiple of work_mem. Each search uses one core, so
# that many can run at once.
VECTOR_SEARCH = {
    "hnsw.ef_search": str(env.int("HNSW_EF_SEARCH", default=200)),
    "hnsw.iterative_scan": "relaxed_order",
    "hnsw.max_scan_tuples": "20000",
    "hnsw.scan_mem_multiplier": "4",
    "jit": "off",
    "max_parallel_workers_per_gather": "0",
}
# Once a version has been measured, its searches look only as far as needed to find this share of the true neighbours.
HNSW_TARGET_RECALL = env.float("HNSW_TARGET_RECALL", default=0.995)
# Behind a pooler in transaction mode nothing may be set for a whole connection.
DATABASE_POOLED = env.bool("DATABASE_POOLED", default=False)
CONNECTION_SETTINGS = {
    "statement_timeout": "30000",
    "lock_timeout": "10000",
    **({} if DATABASE_POOLED else VECTOR_SEARCH),
}

DATABASES = {"default": env.db_url_config(read_secret("DATABASE_URL"))}
if DATABASES["default"]["ENGINE"] != "django.db.backends.postgresql":
    raise ImproperlyConfigured("DATABASE_URL must be a postgres:// address: the index needs PostgreSQL with pgvector.")
_given_options = DATABASES["default"].get("OPTIONS", {})
DATABASES["default"] |= {
    "ENGINE": "searchsite.postgresql",
    "CONN_MAX_AGE": 600,
    "CONN_HEALTH_CHECKS": True,
    "OPTIONS": {
        "connect_timeout": 3,
        # A vanished machine closes nothing: waiting clients get an error after half a minute instead of hours.
        "keepalives_idle": 15,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 30_000,
        # Recurring statements are planned once per connection.
        "server_side_binding": True,
        "prepare_threshold": None if DATABASE_POOLED else 2,
        # What the address says, such as `sslmode`, comes first.
        **_given_options,
        "options": "".join(f"-c {name}={value} " for name, value in CONNECTION_SETTINGS.items())
        + _given_options.get("options", ""),
    },
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = read_secret("REDIS_URL")
REDIS_TIMEOUT_S = 0.5
CACHES = {
    "default": {
        "BACKEND": "catalog.cache.FailOpenRedisCache",
        "LOCATION": REDIS_URL,
        # The client's default is ten retries with growing pauses, in the middle of a request.
        "OPTIONS": {
            "socket_timeout": REDIS_TIMEOUT_S,
            "socket_connect_timeout": REDIS_TIMEOUT_S,
            "retry": Retry(NoBackoff(), 0),
        },
    }
}

# Celery carries only wake-ups: a lost or duplicated message changes nothing, and results are not kept.
CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_PUBLISH_RETRY = False
CELERY_BROKER_CONNECTION_TIMEOUT = REDIS_TIMEOUT_S
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
# A wake-up is sent within a request, so it may fail but must not wait. Workers reconnect in a loop of their own.
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "socket_connect_timeout": REDIS_TIMEOUT_S,
    "socket_timeout": REDIS_TIMEOUT_S,
    "max_retries": 0,
    "retry_on_timeout": False,
    "health_check_interval": 10,
}
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BEAT_SCHEDULER = "workers.beat:Scheduler"
CELERY_TASK_DEFAULT_QUEUE = "events"
CELERY_TASK_ROUTES = {
    "workers.tasks.embed_pending": {"queue": "embedding"},
    "workers.tasks.tidy": {"queue": "jobs"},
    "workers.tasks.tune_graphs": {"queue": "jobs"},
    "workers.tasks.advance_reindex": {"queue": "jobs"},
    "workers.tasks.load_file": {"queue": "jobs"},
    "workers.tasks.train_recommender": {"queue": "jobs"},
    "workers.tasks.work_on_encoders": {"queue": "jobs"},
    "workers.tasks.measure_relevance": {"queue": "jobs"},
}

LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "home"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = True
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedStaticFilesStorage"},
}

# Security. HTTPS is required outside the embedded mode, which listens on the loopback address only.
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=not (EMBEDDED or DEBUG))
SECURE_REDIRECT_EXEMPT = [r"^livez$", r"^readyz$"]
SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", default=0 if EMBEDDED or DEBUG else 31_536_000)
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = SECURE_HSTS_SECONDS > 0
if env.bool("BEHIND_TLS_PROXY", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = not (EMBEDDED or DEBUG)
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 60 * 60 * 24 * 90
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "img-src": ["'self'", "data:", *env.list("IMAGE_HOSTS", default=[])],
        "object-src": ["'none'"],
        "base-uri": ["'self'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    }
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
REQUEST_BODY_MAX_BYTES = env.int("REQUEST_BODY_MAX_BYTES", default=5 * 1024 * 1024)
UPLOAD_MAX_BYTES = env.int("UPLOAD_MAX_BYTES", default=512 * 1024 * 1024)

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "catalog.http.authentication.ApiKeyAuthentication",
        "catalog.http.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["catalog.http.permissions.Scoped"],
    "DEFAULT_RENDERER_CLASSES": ["catalog.http.renderers.FastJSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["catalog.http.parsers.StrictJSONParser"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "catalog.http.negotiation.ContentNegotiation",
    # `format` is an ordinary parameter.
    "URL_FORMAT_OVERRIDE": None,
    "DEFAULT_SCHEMA_CLASS": "catalog.http.openapi.ApiSchema",
    "DEFAULT_THROTTLE_CLASSES": ["catalog.http.throttling.ClientThrottle"],
    "DEFAULT_THROTTLE_RATES": {
        "read": env.str("API_READ_RATE", default="6000/min"),
        "write": env.str("API_WRITE_RATE", default="1200/min"),
        "answers": env.str("API_ANSWER_RATE", default="60/min"),
        "past": env.str("API_PAST_RATE", default="60/min"),
        "embeddings": env.str("API_EMBEDDINGS_RATE", default="600/min"),
        "pictures": env.str("PICTURE_SEARCH_RATE", default="60/min"),
        "pages": env.str("PAGE_RATE", default="6000/min"),
        "sign-in": env.str("SIGN_IN_RATE", default="20/min"),
    },
    "EXCEPTION_HANDLER": "catalog.http.problems.problem_response",
    "NUM_PROXIES": env.int("NUM_PROXIES", default=0),
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
# Whether visitors who are not signed in may search and read items through the API.
ANONYMOUS_API_READ = env.bool("ANONYMOUS_API_READ", default=EMBEDDED)

SPECTACULAR_SETTINGS = {
    "TITLE": "Search and recommendations",
    "VERSION": "1",
    "COMPONENT_SPLIT_REQUEST": True,
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "ENUM_NAME_OVERRIDES": {
        "VersionState": "catalog.models.IndexVersion.State",
        "RunState": "catalog.models.ReindexRun.State",
        "ImportState": "catalog.models.ImportRun.State",
        "ImportKind": "catalog.models.ImportRun.Kind",
        "MeasurementState": "catalog.models.Measurement.State",
        "MeasurementKind": "catalog.models.Measurement.Kind",
        "PartKind": ["plain", "word", "closest"],
        "SuggestionKind": ["query", "item"],
    },
}

# Search and indexing defaults. An index version keeps a copy of the settings it was built with.
ENCODER_BACKEND = env.str("ENCODER_BACKEND", default="transformer")
ENCODER_MODEL = env.str("ENCODER_MODEL", default="all-MiniLM-L6-v2")
QUERY_ENCODER_WAIT_S = env.float("QUERY_ENCODER_WAIT_S", default=2.0)
EMBEDDING_LEASE_S = env.int("EMBEDDING_LEASE_S", default=120)
EMBEDDING_MAX_ATTEMPTS = env.int("EMBEDDING_MAX_ATTEMPTS", default=5)
# Items a worker claims at a time; 0 lets the encoder decide, which knows its device.
EMBEDDING_CLAIM_ITEMS = env.int("EMBEDDING_CLAIM_ITEMS", default=0)
SWEEP_INTERVAL_S = env.float("SWEEP_INTERVAL_S", default=5.0)

# The embeddings endpoint below /v1/: names for the active version's encoder, and how much is accepted at a time.
EMBEDDINGS_ALIASES = env.list("EMBEDDINGS_ALIASES", default=["default"])
EMBEDDINGS_MAX_TOKENS = env.int("EMBEDDINGS_MAX_TOKENS", default=300_000)
EMBEDDINGS_CONCURRENCY = env.int("EMBEDDINGS_CONCURRENCY", default=4)  # threads, in each web process

# An OpenAI-compatible embeddings endpoint, such as https://api.example.org/v1, for the encoder backend `openai`.
ENCODER_URL = env.str("ENCODER_URL", default="")
ENCODER_API_KEY = optional_secret("ENCODER_API_KEY")
ENCODER_ALLOW_PRIVATE = env.bool("ENCODER_ALLOW_PRIVATE", default=False)
ENCODER_TIMEOUT_S = env.float("ENCODER_TIMEOUT_S", default=30.0)
ENCODER_CONCURRENCY = env.int("ENCODER_CONCURRENCY", default=4)  # requests at a time, in each process
ENCODER_BATCH_TEXTS = env.int("ENCODER_BATCH_TEXTS", default=128)
ENCODER_BATCH_TOKENS = env.int("ENCODER_BATCH_TOKENS", default=100_000)
ENCODER_MAX_TOKENS = env.int("ENCODER_MAX_TOKENS", default=0)  # in one text; 0 for the model's usual limit
ENCODER_PRICE = env.float("ENCODER_PRICE", default=0.0)  # per million tokens, in any currency

# Pictures of items: files under a folder, or addresses on other servers; those in private networks only where that is
# allowed.
PICTURE_ROOT = Path(env.str("PICTURE_ROOT", default=str(MEDIA_ROOT / "pictures")))
PICTURE_ALLOW_PRIVATE = env.bool("PICTURE_ALLOW_PRIVATE", default=False)
PICTURE_MAX_BYTES = env.int("PICTURE_MAX_BYTES", default=20 * 1024 * 1024)
PICTURE_MAX_PIXELS = env.int("PICTURE_MAX_PIXELS", default=50_000_000)
PICTURE_CONCURRENCY = env.int("PICTURE_CONCURRENCY", default=2)  # decoded at a time, in each process
PICTURE_WAIT_S = env.float("PICTURE_WAIT_S", default=2.0)  # how long a request waits for its turn before a 503

# The function that tells a personalised search what a person likes.
SEARCH_TASTE = "recommender.taste.taste_for"

# Keywords: the BM25 parameters and, taking effect at the next `manage.py rebuild_keywords`, the language of items that
# name none and the weight of an occurrence in each part of an item.
KEYWORD_LEG = env.str("KEYWORD_LEG", default="catalog.search.postings.PostingLists")
KEYWORD_K1 = env.float("KEYWORD_K1", default=1.2)
KEYWORD_B = env.float("KEYWORD_B", default=0.5)
DEFAULT_LANGUAGE = env.str("DEFAULT_LANGUAGE", default="en")
KEYWORD_TITLE_WEIGHT = env.float("KEYWORD_TITLE_WEIGHT", default=2.0)
KEYWORD_BODY_WEIGHT = env.float("KEYWORD_BODY_WEIGHT", default=1.0)
KEYWORD_ATTRIBUTES_WEIGHT = env.float("KEYWORD_ATTRIBUTES_WEIGHT", default=1.0)

# The query log. A past query is suggested to others once SUGGEST_MIN_ASKERS different people have asked it.
QUERY_LOG = env.bool("QUERY_LOG", default=True)
QUERY_LOG_DAYS = env.int("QUERY_LOG_DAYS", default=90)
SUGGEST_MIN_ASKERS = env.int("SUGGEST_MIN_ASKERS", default=3)

# The log of which recommendations were shown and what came of them.
RECOMMENDATION_LOG = env.bool("RECOMMENDATION_LOG", default=True)
RECOMMENDATION_LOG_DAYS = env.int("RECOMMENDATION_LOG_DAYS", default=90)
# Days for which what visitors without an account did is kept.
VISITOR_HISTORY_DAYS = env.int("VISITOR_HISTORY_DAYS", default=365)
# Earlier taste models to keep, for going back to and for reproducing past lists.
RECOMMENDATION_MODELS_KEPT = env.int("RECOMMENDATION_MODELS_KEPT", default=1)

# The weight of meaning against words when a search does not set it: 0 words alone, 1 meaning alone.
SEMANTIC_RATIO = env.float("SEMANTIC_RATIO", default=0.5)
# A cross-encoder that reranks the top hits of searches that ask for it; empty for none.
RERANK_MODEL = env.str("RERANK_MODEL", default="")
RERANK_REVISION = env.str("RERANK_REVISION", default="")
RERANK_BUDGET_MS = env.float("RERANK_BUDGET_MS", default=300.0)
RERANK_MAX_TOKENS = env.int("RERANK_MAX_TOKENS", default=256)

# The model that writes answers. Without an address, such as https://api.example.org/v1, passages are quoted instead.
CHAT_URL = env.str("CHAT_URL", default="")
CHAT_MODEL = env.str("CHAT_MODEL", default="")
CHAT_API_KEY = optional_secret("CHAT_API_KEY")
CHAT_ALLOW_PRIVATE = env.bool("CHAT_ALLOW_PRIVATE", default=False)
CHAT_TIMEOUT_S = env.float("CHAT_TIMEOUT_S", default=45.0)
CHAT_MAX_TOKENS = env.int("CHAT_MAX_TOKENS", default=500)
CHAT_CONCURRENCY = env.int("CHAT_CONCURRENCY", default=4)  # threads, in each web process

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"one_line": {"()": "catalog.http.logs.OneLineFilter"}},
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["one_line"]}},
    "loggers": {"httpx2": {"level": "WARNING"}},  # it logs every address it calls
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="INFO")},
}
