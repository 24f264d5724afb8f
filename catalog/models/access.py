"""Who may call the API, and what staff have done."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class ApiKey(models.Model):
    """A key for the API. Only its SHA-256 is stored; the key itself is shown once, on creation."""

    class Scope(models.TextChoices):
        SEARCH = "search", "Search: read items, search, recommendations, record interactions"
        WRITE = "write", "Write: also create, change and delete items"
        ADMIN = "admin", "Admin: also imports, index versions, reindex runs, rules, synonyms and query sets"

    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=12)
    hashed = models.CharField(max_length=64, unique=True)
    scope = models.CharField(max_length=10, choices=Scope, default=Scope.SEARCH)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)
    created_at = models.DateTimeField(auto_now_add=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        verbose_name = "API key"

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"


class AuditEntry(models.Model):
    """One action by a member of staff."""

    actor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)
    action = models.CharField(max_length=60)
    target = models.CharField(max_length=200)
    detail = models.JSONField(default=dict)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "audit entries"

    def __str__(self) -> str:
        return f"{self.action} {self.target}"

    @property
    def who(self) -> str:
        """The account, key or command that did it; accounts may have been deleted since."""
        if self.actor is not None:
            return self.actor.get_username()
        return f"API key {self.detail['key']}" if "key" in self.detail else self.detail.get("by", "a deleted account")

    @property
    def noted(self) -> dict[str, object]:
        """What is recorded about it, apart from who did it."""
        return {name: value for name, value in self.detail.items() if name not in ("key", "by")}
