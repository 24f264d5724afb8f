"""What somebody's recommendations are made from: pages to view, mute, delete, export and turn them off."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views import View

from recommender.identity import subject_of, subject_to_record_for
from recommender.models import DeletionReceipt
from recommender.personal_data import delete_interest, export_everything, shown_interests
from recommender.personal_interests import PersonalInterest
from recommender.preferences import interest_with, is_opted_out, mute, opt_in, opt_out, unmute
from recommender.subjects import Subject


class InterestsView(View):
    def get(self, request: HttpRequest) -> HttpResponse:
        subject = subject_of(request)
        context = {
            "interests": shown_interests(subject),
            "opted_out": is_opted_out(subject),
            "receipts": DeletionReceipt.objects.of(subject),
        }
        return render(request, "recommender/interests.html", context)


class MuteInterestView(View):
    """Mutes or unmutes an interest, as the form says."""

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        subject = subject_of(request)
        own = _interest(subject, pk)
        if request.POST.get("muted") == "true":
            mute(subject, own)
        else:
            unmute(subject, own)
        return redirect("interests")


class DeleteInterestView(View):
    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        subject = subject_of(request)
        receipt = delete_interest(subject, _interest(subject, pk))
        return redirect("receipt", pk=receipt.pk)


class PersonalisationView(View):
    """Turns personalisation off or on, as the form says."""

    def post(self, request: HttpRequest) -> HttpResponse:
        if request.POST.get("on") == "true":
            opt_in(subject_of(request))
            messages.success(request, "Personalisation is on.")
        else:
            opt_out(subject_to_record_for(request))
            messages.success(request, "Personalisation is off: nothing is recorded, and your history is not used.")
        return redirect("interests")


class ExportEverythingView(View):
    """Everything kept about the person asking, as JSON, read and sent in batches."""

    def get(self, request: HttpRequest) -> HttpResponseBase:
        response = StreamingHttpResponse(export_everything(subject_of(request)), content_type="application/json")
        response["Content-Disposition"] = 'attachment; filename="recommendations.json"'
        return response


class ReceiptView(View):
    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        receipt = get_object_or_404(DeletionReceipt.objects.of(subject_of(request)), pk=pk)
        return render(request, "recommender/receipt.html", {"receipt": receipt})


def _interest(subject: Subject, item_id: int) -> PersonalInterest:
    if (own := interest_with(subject, item_id)) is None:
        raise Http404
    return own
