"""Liking, saving and hiding items, and noting that one has been looked at."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views import View

from catalog.http.problems import error_response
from catalog.models import Item
from recommender.forms import ReactionForm
from recommender.identity import subject_to_record_for
from recommender.interactions import NewInteraction, record_interactions
from recommender.reactions import react, reactions_of
from recommender.serving.lists import note_reaction
from recommender.templatetags.personal import reactions_context


class ReactionView(View):
    """Sets a switch; htmx gets the switches back as they now are, a form without JavaScript its page."""

    def post(self, request: HttpRequest) -> HttpResponse:
        form = ReactionForm(request.POST)
        if not form.is_valid():
            return error_response(request, 400, "invalid", "This is no switch of an item.")
        item = get_object_or_404(Item.objects.published(), pk=form.cleaned_data["item"])
        subject = subject_to_record_for(request)
        kind = form.cleaned_data["on"] or form.cleaned_data["off"]
        react(subject, item.pk, kind, bool(form.cleaned_data["on"]))
        if form.cleaned_data["on"]:
            note_reaction(request, item.pk, kind)
        back = _safe(request, request.POST.get("next", ""))
        if "HX-Request" not in request.headers:
            return redirect(back)
        on = reactions_of(subject, among=[item.pk]).get(item.pk, frozenset())
        context = reactions_context(item, form.cleaned_data["look"], form.cleaned_data["place"], on, back)
        return render(request, "recommender/_reactions.html", context)


class SeenView(View):
    """Records a look at an item, once a day. A POST of its own: reading the page writes nothing."""

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        item = get_object_or_404(Item.objects.published(), pk=pk)
        event = NewInteraction(item_id=item.pk, kind="view", event_id=f"view-{item.pk}-{timezone.now():%Y%m%d}")
        record_interactions(subject_to_record_for(request), [event])
        return HttpResponse(status=204)


def _safe(request: HttpRequest, address: str) -> str:
    """The address, if it is on this site."""
    allowed = url_has_allowed_host_and_scheme(
        address, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return address if allowed else reverse("home")
