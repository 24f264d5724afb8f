"""Signing in and up. What an anonymous visitor did passes to the account."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth import login
from django.contrib.auth.forms import UserCreationForm
from django.contrib.auth.models import User
from django.contrib.auth.views import LoginView, RedirectURLMixin
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.generic import FormView
from rest_framework.throttling import BaseThrottle

from catalog.http.problems import error_response
from catalog.http.throttling import seconds_to_wait
from catalog.models import Item
from recommender.demo import PASSWORD
from recommender.identity import adopt_visitor, subject_of
from recommender.models import Profile
from recommender.serving.units import keep_with_account, unit_for

WALL_COVERS = 20


class ThrottledMixin:
    """Limits attempts by address, so that passwords cannot be guessed in bulk."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method == "POST":
            address = BaseThrottle().get_ident(request)  # type: ignore[arg-type]
            if wait_s := seconds_to_wait("sign-in", f"address-{address}"):
                response = error_response(request, 429, "throttled", f"Too many attempts. Try again in {wait_s} s.")
                response["Retry-After"] = str(wait_s)
                return response
        return super().dispatch(request, *args, **kwargs)  # type: ignore[misc]


class WallMixin:
    """The covers beside the form."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)  # type: ignore[misc]
        return context | {"wall": Item.objects.published().newest()[:WALL_COVERS]}


class SignInView(ThrottledMixin, WallMixin, LoginView):
    template_name = "accounts/sign_in.html"
    redirect_authenticated_user = True

    def form_valid(self, form: Any) -> HttpResponse:
        response = super().form_valid(form)
        adopt_visitor(self.request)
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        if settings.EMBEDDED:
            context |= {"demo_profiles": _demo_profiles(), "demo_password": PASSWORD}
        return context


def _demo_profiles() -> QuerySet[Profile]:
    return Profile.objects.filter(is_demo=True).select_related("user").order_by("-user__is_staff", "user__username")


@method_decorator([sensitive_post_parameters(), never_cache], name="dispatch")
class SignUpView(ThrottledMixin, WallMixin, RedirectURLMixin, FormView):
    template_name = "accounts/sign_up.html"
    form_class = UserCreationForm
    next_page = "home"

    def form_valid(self, form: BaseForm) -> HttpResponse:
        unit = unit_for(self.request, subject_of(self.request))
        try:
            with transaction.atomic():
                user = form.save()  # type: ignore[attr-defined]
        except IntegrityError:  # the name was taken since it was checked, perhaps by a second click
            form.add_error("username", User._meta.get_field("username").error_messages["unique"])
            return self.form_invalid(form)
        login(self.request, user)
        keep_with_account(user, unit)
        adopt_visitor(self.request)
        return super().form_valid(form)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {"next": self.get_redirect_url()}
