"""What the web server serves."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "searchsite.settings")
application = get_wsgi_application()

from catalog.query_encoders import keep_query_encoders_loaded  # noqa: E402  (needs the applications)

keep_query_encoders_loaded()
