"""Who may see the staff pages."""

from __future__ import annotations

from django.contrib.auth.mixins import LoginRequiredMixin, UserPassesTestMixin
from django.contrib.auth.models import User
from django.http import HttpRequest


class StaffOnly(LoginRequiredMixin, UserPassesTestMixin):
    """Sends signed-out visitors to the sign-in page; signed-in visitors who are not staff get 403."""

    request: HttpRequest

    @property
    def staff(self) -> User:
        """The member of staff making the request."""
        assert isinstance(self.request.user, User)
        return self.request.user

    def test_func(self) -> bool:
        return bool(self.request.user.is_authenticated and self.request.user.is_staff)

    def handle_no_permission(self):  # type: ignore[no-untyped-def]
        self.raise_exception = self.request.user.is_authenticated
        return super().handle_no_permission()
