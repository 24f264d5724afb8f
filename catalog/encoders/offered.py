"""The encoders that this site offers by name: those of its live index versions."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePath

from django.conf import settings

from catalog.models import IndexVersion


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferedEncoder:
    """An index version's encoder and the name it is listed under."""

    name: str
    version: IndexVersion


def public_name(model: str) -> str:
    """The public name of a model: for a folder on this machine, its name without the path."""
    return PurePath(model).name if model.startswith(("/", "~", ".")) else model


def offered_encoders() -> list[OfferedEncoder]:
    """Each live version once, the active one first, then the newest.

    Named by its model, or as `v12` if an earlier one in the list has that name.
    """
    versions = sorted(IndexVersion.objects.live(), key=lambda version: (version.state != "active", -version.pk))
    names: set[str] = set()
    offered = []
    for version in versions:
        name = public_name(version.model)
        offered.append(OfferedEncoder(name=f"v{version.pk}" if name in names else name, version=version))
        names.add(name)
    return offered


def offered_encoder(name: str) -> OfferedEncoder | None:
    """The encoder for a model's name, `v12` for that of index version 12, or an alias of the active version's."""
    offered = offered_encoders()
    for encoder in offered:
        if name in (encoder.name, encoder.version.model):
            return encoder
    if number := re.fullmatch(r"v([0-9]{1,18})", name):
        return next((encoder for encoder in offered if encoder.version.pk == int(number[1])), None)
    if name in settings.EMBEDDINGS_ALIASES:
        return next((encoder for encoder in offered if encoder.version.state == "active"), None)
    return None
