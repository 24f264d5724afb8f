"""Turning rules and synonyms on and off, and deleting them."""

from __future__ import annotations

from typing import ClassVar, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views import View

from catalog.audit import record_action
from catalog.models import SearchRule, Synonym
from dashboard.access import StaffOnly


class OneOfRules(StaffOnly, View):
    """Acts on one row of `model`; `name` is its name in the audit log, `listed_at` the URL name of the list."""

    model: ClassVar[type[SearchRule | Synonym]]
    name: ClassVar[str]
    listed_at: ClassVar[str]

    def found(self, pk: int) -> SearchRule | Synonym:
        return cast("SearchRule | Synonym", get_object_or_404(self.model, pk=pk))


class SwitchView(OneOfRules):
    """Turns a rule or synonym on or off."""

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        found = self.found(pk)
        found.enabled = request.POST.get("enabled") == "true"
        found.save(update_fields=["enabled", "updated_at"])
        record_action(self.staff, f"{self.name}.enable" if found.enabled else f"{self.name}.disable", found)
        messages.success(request, f"“{found}” is {'on' if found.enabled else 'off'}.")
        return redirect(self.listed_at)


class DeleteView(OneOfRules):
    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        found = self.found(pk)
        record_action(self.staff, f"{self.name}.delete", found)
        found.delete()
        messages.success(request, f"“{found}” is deleted.")
        return redirect(self.listed_at)


class SwitchRuleView(SwitchView):
    model, name, listed_at = SearchRule, "rule", "rules"


class DeleteRuleView(DeleteView):
    model, name, listed_at = SearchRule, "rule", "rules"


class SwitchSynonymView(SwitchView):
    model, name, listed_at = Synonym, "synonym", "synonyms"


class DeleteSynonymView(DeleteView):
    model, name, listed_at = Synonym, "synonym", "synonyms"
