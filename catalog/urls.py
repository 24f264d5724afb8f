"""Addresses of the catalogue's pages."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
