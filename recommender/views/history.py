"""What somebody did and saved: pages to view, delete and export it."""

from __future__ import annotations

import json
from collections.abc import Iterator

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.views import View

from recommender.identity import subject_of
from recommender.interactions import delete_interaction, export_history
from recommender.models import Interaction
from recommender.personal_data import delete_history
from recommender.reactions import saved_items
from recommender.subjects import Subject

PAGE_ENTRIES = 50
PAGE_SAVED = 60


class HistoryView(View):
    def get(self, request: HttpRequest) -> HttpResponse:
        entries = Interaction.objects.of(subject_of(request)).newest().with_items()
        page = Paginator(entries, PAGE_ENTRIES).get_page(request.GET.get("page"))
        return render(request, "recommender/history.html", {"entries": page})


class DeleteEntryView(View):
    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        if not delete_interaction(subject_of(request), pk):
            raise Http404
        messages.success(request, "Deleted. Your recommendations follow within seconds.")
        return redirect("history")


class DeleteHistoryView(View):
    def post(self, request: HttpRequest) -> HttpResponse:
        receipt = delete_history(subject_of(request))
        return redirect("receipt", pk=receipt.pk) if receipt.user_id or receipt.visitor else redirect("history")


class ExportView(View):
    """The whole history as JSON lines, read and sent in batches."""

    def get(self, request: HttpRequest) -> HttpResponseBase:
        response = StreamingHttpResponse(_lines(subject_of(request)), content_type="application/x-ndjson")
        response["Content-Disposition"] = 'attachment; filename="history.ndjson"'
        return response


def _lines(subject: Subject) -> Iterator[str]:
    for event in export_history(subject):
        yield json.dumps(event, ensure_ascii=False) + "\n"


class SavedView(View):
    def get(self, request: HttpRequest) -> HttpResponse:
        return render(request, "recommender/saved.html", {"saved": saved_items(subject_of(request), limit=PAGE_SAVED)})
