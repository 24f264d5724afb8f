"""Addresses of the pages that depend on who is looking."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
