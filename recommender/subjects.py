"""Who a recommendation is for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A signed-in user or an anonymous visitor; neither, for somebody about whom nothing is known yet."""

    user_id: int | None = None
    visitor: UUID | None = None

    def __post_init__(self) -> None:
        if self.user_id is not None and self.visitor is not None:
            raise ValueError("A subject is a user or a visitor, not both.")

    @property
    def known(self) -> bool:
        return self.user_id is not None or self.visitor is not None

    @property
    def lookup(self) -> dict[str, Any]:
        """The field and value that find this subject's rows."""
        return {"user_id": self.user_id} if self.user_id is not None else {"visitor": self.visitor}

    def as_arguments(self) -> dict[str, Any]:
        """The subject as JSON values; `from_arguments` is the inverse."""
        return {"user_id": self.user_id, "visitor": str(self.visitor) if self.visitor else None}

    @classmethod
    def from_arguments(cls, *, user_id: int | None = None, visitor: str | None = None) -> Subject:
        return cls(user_id=user_id, visitor=UUID(visitor) if visitor else None)

    def __str__(self) -> str:
        return f"user {self.user_id}" if self.user_id is not None else f"visitor {self.visitor}"
