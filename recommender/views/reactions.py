"""Liking, saving and hiding items, and recording that one has been looked at."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views import View

from catalog.http.problems import error_response
from catalog.models import Item
from recommender.forms import ReactionForm
from recommender.identity import subject_to_record_for
from recommender.interactions import NewInteraction, record_interactions
from recommender.preferences import is_opted_out
from recommender.profiles import refresh
from recommender.reactions import react, reactions_of
from recommender.serving.lists import note_reaction
from recommender.subjects import Subject
from recommender.templatetags.personal import LESS, RAIL, reactions_context, switches_of


class ReactionView(View):
    """Sets a switch and offers to undo it. htmx receives the switches in their new state and a trigger to refresh the
    page's lists; a form without JavaScript returns to the page and place it was sent from."""

    def post(self, request: HttpRequest) -> HttpResponse:
        form = ReactionForm(request.POST)
        if not form.is_valid():
            return error_response(request, 400, "invalid", "This is not a valid reaction to an item.")
        item = get_object_or_404(Item.objects.published(), pk=form.cleaned_data["item"])
        subject = subject_to_record_for(request)
        look, place = form.cleaned_data["look"], form.cleaned_data["place"]
        back = _safe(request, request.POST.get("next", ""))
        if form.cleaned_data["on"]:
            note_reaction(request, item.pk, form.cleaned_data["on"])
        said = self._set(subject, item, form) | {"item": item, "look": look, "place": place, "back": back}
        if "HX-Request" not in request.headers:
            messages.success(request, render_to_string("recommender/_undo.html", said, request))
            return HttpResponseRedirect(f"{back}#rail-{place}" if look == RAIL else back)
        on = reactions_of(subject, among=[item.pk]).get(item.pk, frozenset())
        context = reactions_context(item, look, place, on, back) | {"said": said}
        response = render(request, "recommender/_reacted.html", context)
        response["HX-Trigger"] = "recommendations-changed"
        return response

    def _set(self, subject: Subject, item: Item, form: ReactionForm) -> dict[str, str]:
        """Set the switch, update the recommendations at once, and say how to undo it."""
        on, off = form.cleaned_data["on"], form.cleaned_data["off"]
        if is_opted_out(subject):
            return {"refused": "Personalisation is off, so nothing was recorded."}
        instead = react(subject, item.pk, on or off, bool(on))
        refresh(subject)
        switch = next(own for own in (*switches_of(form.cleaned_data["look"]), LESS) if own.kind == (on or off))
        return {
            "done": switch.done if on else "Undone:",
            "undo_on": instead or off,
            "undo_off": "" if instead else on,
        }


class SeenView(View):
    """Records a view of an item, once a day. A separate POST, so that reading the page writes nothing."""

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        item = get_object_or_404(Item.objects.published(), pk=pk)
        event = NewInteraction(item_id=item.pk, kind="view", event_id=f"view-{item.pk}-{timezone.now():%Y%m%d}")
        record_interactions(subject_to_record_for(request), [event])
        return HttpResponse(status=204)


def _safe(request: HttpRequest, address: str) -> str:
    """The address if it is on this site, else the home page."""
    allowed = url_has_allowed_host_and_scheme(
        address, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return address if allowed else reverse("home")
