"""The same application for an ASGI server."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "searchsite.settings")
application = get_asgi_application()

from catalog.encoders.warming import keep_query_encoders_loaded  # noqa: E402  (needs the applications)

keep_query_encoders_loaded()
