"""The staff page on what is searched for and recommended, and what comes of it."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views import View

from dashboard.access import StaffOnly
from dashboard.analytics import DEFAULT_DAYS, PERIODS, analytics
from dashboard.recommendations.analytics import list_analytics


class AnalyticsView(StaffOnly, View):
    """Covers one of the periods; any other number of days falls back to the default."""

    def get(self, request: HttpRequest) -> HttpResponse:
        chosen = {str(days): days for days in PERIODS}
        days = chosen.get(request.GET.get("days", ""), DEFAULT_DAYS)
        context = {
            "analytics": analytics(days),
            "lists": list_analytics(days),
            "logging_lists": settings.RECOMMENDATION_LOG,
            "periods": PERIODS,
            "logging": settings.QUERY_LOG,
            "kept_days": settings.QUERY_LOG_DAYS,
        }
        return render(request, "dashboard/analytics.html", context)
