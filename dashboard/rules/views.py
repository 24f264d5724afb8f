"""The staff pages for search rules: list them, and edit one while watching what it would change."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views import View

from catalog.audit import record_action
from catalog.errors import InvalidQuery
from catalog.models import SearchRule
from catalog.models.rules import phrases
from catalog.rules import MAX_AMOUNT, MAX_POSITION, RuleRefused, save_rule
from dashboard.access import StaffOnly
from dashboard.rules.forms import RuleForm, with_edits
from dashboard.rules.preview import Preview, preview

RULES_A_PAGE = 50


class RulesView(StaffOnly, View):
    def get(self, request: HttpRequest) -> HttpResponse:
        text = request.GET.get("q", "").strip()
        rules = Paginator(SearchRule.objects.mentioning(text), RULES_A_PAGE).get_page(request.GET.get("page"))
        return render(request, "dashboard/rules.html", {"rules": rules, "text": text, "now": timezone.now()})


class RuleEditor(StaffOnly, View):
    """Edits a rule. Every button except save shows the rule as it would be, and what it would change."""

    def rule(self, pk: int | None) -> SearchRule:
        if pk is not None:
            return get_object_or_404(SearchRule, pk=pk)
        return SearchRule(queries=", ".join(phrases(self.request.GET.get("q", "")))[:500])

    def get(self, request: HttpRequest, pk: int | None = None) -> HttpResponse:
        rule = self.rule(pk)
        return self._page(request, RuleForm(instance=rule), text=next(iter(phrases(rule.queries)), ""))

    def post(self, request: HttpRequest, pk: int | None = None) -> HttpResponse:
        rule, text = self.rule(pk), request.POST.get("preview_q", "").strip()
        form = RuleForm(with_edits(request.POST), instance=rule)
        if "save" not in request.POST:
            form.forgive_what_is_missing()
            return self._page(request, form, text=text)
        if form.is_valid():
            try:
                save_rule(rule)
            except RuleRefused as error:
                form.add_error(None, str(error))
            else:
                record_action(self.staff, "rule.change" if pk else "rule.create", rule)
                messages.success(request, f"“{rule}” is saved. Searches use it from now on.")
                return redirect("rules")
        return self._page(request, form, text=text, status=400)

    def _page(self, request: HttpRequest, form: RuleForm, *, text: str, status: int = 200) -> HttpResponse:
        context: dict[str, Any] = {
            "form": form,
            "rule": form.instance,
            "text": text,
            "max_amount": MAX_AMOUNT,
            "max_position": MAX_POSITION,
            **self._previewed(form, text, refused=status == 400),
        }
        return render(request, "dashboard/rule.html", context, status=status)

    def _previewed(self, form: RuleForm, text: str, *, refused: bool) -> dict[str, Preview | str | list[str]]:
        """What the rule would change, or why that cannot be shown.

        If saving it was refused, the fields beside the preview have the reasons.
        """
        if form.errors and refused:
            return {"faults": ["Correct what is marked in red to see what the rule changes."]}
        if form.errors:
            return {"faults": [str(reason) for reasons in form.errors.values() for reason in reasons]}
        try:
            return {"preview": preview(form.instance, text)}
        except InvalidQuery as error:
            return {"faults": [str(error)]}
