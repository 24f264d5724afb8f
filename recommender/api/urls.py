"""Addresses of the recommender's API, below /api/v1/."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
