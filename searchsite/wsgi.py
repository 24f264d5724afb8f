"""The application that the web server serves."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "searchsite.settings")
_application = get_wsgi_application()

from django.conf import settings  # noqa: E402

from catalog.encoders.warming import keep_query_encoders_loaded  # noqa: E402
from catalog.http.slow_clients import SlowClients  # noqa: E402  (needs the applications)

application = SlowClients(_application, threads=settings.WEB_THREADS)

keep_query_encoders_loaded()
