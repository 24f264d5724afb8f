"""The staff pages for synonyms."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views import View

from catalog.audit import record_action
from catalog.models import Synonym
from catalog.rules import RuleRefused, save_synonym
from dashboard.access import StaffOnly
from dashboard.rules.forms import SynonymForm

SYNONYMS_A_PAGE = 50


class SynonymsView(StaffOnly, View):
    """Lists the synonyms beside a form that creates one, or edits the one in the URL."""

    def get(self, request: HttpRequest, pk: int | None = None) -> HttpResponse:
        return self._page(request, SynonymForm(synonym=self._synonym(pk)))

    def post(self, request: HttpRequest, pk: int | None = None) -> HttpResponse:
        form = SynonymForm(request.POST, synonym=self._synonym(pk))
        if form.is_valid():
            try:
                save_synonym(form.synonym)
            except RuleRefused as error:
                form.add_error(None, str(error))
            else:
                record_action(self.staff, "synonym.change" if pk else "synonym.create", form.synonym)
                messages.success(request, f"“{form.synonym}” is saved. Searches use it from now on.")
                return redirect("synonyms")
        return self._page(request, form, status=400)

    def _synonym(self, pk: int | None) -> Synonym:
        return Synonym() if pk is None else get_object_or_404(Synonym, pk=pk)

    def _page(self, request: HttpRequest, form: SynonymForm, *, status: int = 200) -> HttpResponse:
        text = request.GET.get("q", "").strip()
        synonyms = Paginator(Synonym.objects.mentioning(text), SYNONYMS_A_PAGE).get_page(request.GET.get("page"))
        context = {"synonyms": synonyms, "text": text, "form": form, "synonym": form.synonym}
        return render(request, "dashboard/synonyms.html", context, status=status)
