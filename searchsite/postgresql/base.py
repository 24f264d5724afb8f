"""The database backend that the settings name."""

from __future__ import annotations

import select

from django.db.backends.postgresql import base


class DatabaseWrapper(base.DatabaseWrapper):
    """Tells that a kept connection is gone by its socket, where Django asks the server `SELECT 1` before each request.

    Between requests a server has nothing to say, but for its goodbye: a socket that can be read from is closed, or will
    be. A machine that vanished without one is noticed by neither way, but by the connection's keep-alives.
    """

    def is_usable(self) -> bool:
        if self.errors_occurred:
            return super().is_usable()
        return self.connection is not None and not self._has_something_to_say()

    def _has_something_to_say(self) -> bool:
        try:
            waiting = select.poll()
            waiting.register(self.connection.pgconn.socket, select.POLLIN)
            return bool(waiting.poll(0))
        except Exception:  # whatever a connection raises that is closed already
            return True
