"""Every URL of the site."""

from __future__ import annotations

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from catalog.http import health

urlpatterns: list[URLPattern | URLResolver] = [
    path("livez", health.livez),
    path("readyz", health.readyz),
    path("api/v1/", include("catalog.api.urls")),
    path("api/v1/", include("recommender.api.urls")),
    path("v1/", include("catalog.api.openai_urls")),
    path("", include("catalog.urls")),
    path("", include("recommender.urls")),
    path("staff/", include("dashboard.urls")),
    path("staff/admin/", admin.site.urls),
]

handler400 = "catalog.http.problems.bad_request"
handler403 = "catalog.http.problems.forbidden"
handler404 = "catalog.http.problems.not_found"
handler500 = "catalog.http.problems.server_error"
