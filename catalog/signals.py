"""Signals for changes in the catalogue, sent after commit. The receivers are connected in `workers.apps`."""

from __future__ import annotations

from django.dispatch import Signal

#: Items were created, changed or deleted: there may be something to embed.
items_changed = Signal()
#: Somebody interacted with an item. Argument: `subjects`, whose profiles to refresh.
interactions_recorded = Signal()
#: A reindex run was started, resumed or needs its next step. Argument: `run_id`.
reindex_requested = Signal()
#: A file was uploaded for import. Argument: `run_id`.
import_requested = Signal()
#: Search is to be measured on a query set. Argument: `measurement_id`.
measurement_requested = Signal()
