"""The staff pages for API keys and the audit log, and the entry to the admin pages."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views import View

from catalog.audit import record_action
from catalog.http.authentication import create_key
from catalog.models import ApiKey, AuditEntry
from dashboard.access import StaffOnly
from dashboard.forms import ApiKeyForm


class ApiKeysView(StaffOnly, View):
    """Lists the keys and creates new ones; a new key is shown once, in the response to the form."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._page(request, ApiKeyForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        form = ApiKeyForm(request.POST)
        if not form.is_valid():
            return self._page(request, form, status=400)
        row, key = create_key(**form.cleaned_data, created_by=self.staff)
        record_action(self.staff, "key.create", row, scope=row.scope)
        return self._page(request, ApiKeyForm(), new_key=key)

    def _page(self, request: HttpRequest, form: ApiKeyForm, *, status: int = 200, new_key: str = "") -> HttpResponse:
        context = {"form": form, "keys": ApiKey.objects.select_related("created_by"), "new_key": new_key}
        return render(request, "dashboard/api_keys.html", context, status=status)


class RevokeKeyView(StaffOnly, View):
    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        key = get_object_or_404(ApiKey, pk=pk, revoked_at=None)
        key.revoked_at = timezone.now()
        key.save(update_fields=["revoked_at"])
        record_action(self.staff, "key.revoke", key)
        messages.success(request, f"{key} no longer works.")
        return redirect("api-keys")


class AuditView(StaffOnly, View):
    def get(self, request: HttpRequest) -> HttpResponse:
        entries = Paginator(AuditEntry.objects.select_related("actor"), 50).get_page(request.GET.get("page"))
        return render(request, "dashboard/audit.html", {"entries": entries})


class AdminSignInView(StaffOnly, View):
    """The admin pages have no sign-in of their own; the site's sign-in counts attempts."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return redirect("admin:index")
