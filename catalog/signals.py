"""What the catalogue says has happened, once it is committed. The receivers are connected in `workers.apps`."""

from __future__ import annotations

from django.dispatch import Signal

#: Items were created, changed or deleted: there may be something to embed.
items_changed = Signal()
#: Somebody did something with an item. Argument: `subjects`, whose profile to refresh.
interactions_recorded = Signal()
#: A reindex run was started, resumed or needs its next step. Argument: `run_id`.
reindex_requested = Signal()
#: A file was handed in to be imported. Argument: `run_id`.
import_requested = Signal()
#: Search is to be measured on a query set. Argument: `measurement_id`.
measurement_requested = Signal()
