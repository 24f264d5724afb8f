"""Request bodies that arrive slowly.

The web server passes a request to one of its threads once its head has arrived. Reading the body waits for the client,
without limit, and nothing in the server interrupts that: a read left alone would stop the whole process when its
request ends. So only a few threads wait for bodies at a time, and clients that are too slow are disconnected.
"""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

#: A body is awaited in blocks of this size, and this is the time for one of them.
BLOCK_BYTES, BLOCK_TIMEOUT_S = 32 * 1024, 10.0
#: Bodies that arrive promptly are read in a moment: if all places are taken, wait for one, unless slow bodies hold
#: them.
SLOW_AFTER_S, PLACE_TIMEOUT_S = 1.0, 0.5
_LOOK_EVERY_S = 1.0


class BodyFault(OSError):
    """A body that is not there to be read."""

    status: ClassVar[int] = 503
    code: ClassVar[str] = "bodies_crowded"


class BodiesCrowded(BodyFault):
    """Too many requests are waiting for their bodies. Try again in a few seconds."""


class BodyTooSlow(BodyFault):
    """The body arrived too slowly."""

    status, code = 408, "body_too_slow"


class BodyCutOff(BodyFault):
    """The body ended before its Content-Length was reached."""

    status, code = 400, "body_cut_off"


@dataclass(eq=False, slots=True, kw_only=True)
class Arrival:
    """A block that a thread is waiting for, from a caller on a connection of `peer`."""

    caller: str
    peer: str
    since: float = field(default_factory=time.monotonic)
    is_too_slow: bool = False

    def waited_s(self) -> float:
        return time.monotonic() - self.since


class WaitingRoom:
    """Limits the server's threads that wait for bodies: at most `places`, and two thirds of them for one caller.

    `hang_up` is called with an arrival that took longer than BLOCK_TIMEOUT_S, and ends its read.
    """

    def __init__(self, *, places: int, hang_up: Callable[[Arrival], None]) -> None:
        self._places, self._places_of_caller = places, max(1, places * 2 // 3)
        self._hang_up = hang_up
        self._changed = threading.Condition()
        self._inside: dict[Arrival, None] = {}
        self._watch: threading.Thread | None = None

    @contextmanager
    def place(self, arrival: Arrival) -> Iterator[None]:
        """A place in which to wait for a block. Raises BodiesCrowded."""
        with self._changed:
            if not self._has_place(arrival) and (
                self._holds_slow_ones()
                or not self._changed.wait_for(lambda: self._has_place(arrival), timeout=PLACE_TIMEOUT_S)
            ):
                raise BodiesCrowded
            self._inside[arrival] = None
            if self._watch is None:
                self._watch = threading.Thread(target=self._look_again_and_again, name="slow-bodies", daemon=True)
                self._watch.start()
        try:
            yield
        finally:
            with self._changed:
                del self._inside[arrival]
                self._changed.notify_all()  # the first to wait may be one whose caller has no place left

    def _has_place(self, arrival: Arrival) -> bool:
        own = sum(other.caller == arrival.caller for other in self._inside)
        return len(self._inside) < self._places and own < self._places_of_caller

    def _holds_slow_ones(self) -> bool:
        return sum(other.waited_s() > SLOW_AFTER_S for other in self._inside) * 2 >= len(self._inside)

    def _look_again_and_again(self) -> None:
        pause = threading.Event()
        while not pause.wait(_LOOK_EVERY_S):
            with self._changed:
                late = [arrival for arrival in self._inside if arrival.waited_s() > BLOCK_TIMEOUT_S]
            for arrival in late:
                arrival.is_too_slow = True
                self._hang_up(arrival)


class ArrivingBody(io.RawIOBase):
    """A body of `length` bytes, read from a place in a waiting room. What was wrong with it is kept as `fault`."""

    fault: BodyFault | None = None

    def __init__(self, read: Callable[[int], bytes], *, length: int, caller: str, peer: str, room: WaitingRoom) -> None:
        self._read, self._missing, self._room = read, length, room
        self._caller, self._peer = caller, peer

    @property
    def is_unread(self) -> bool:
        """Whether part of it has not been read."""
        return self._missing > 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Fill in the next block. Raises BodyFault, and immediately again on every later call."""
        if self.fault:
            raise self.fault
        view = memoryview(buffer)
        wanted = min(len(view), BLOCK_BYTES, self._missing)
        if wanted:
            view[:wanted] = self._block(wanted)
            self._missing -= wanted
        return wanted

    def _block(self, wanted: int) -> bytes:
        arrival = Arrival(caller=self._caller, peer=self._peer)
        try:
            with self._room.place(arrival):
                block = self._read(wanted)
            if len(block) < wanted:
                raise BodyTooSlow if arrival.is_too_slow else BodyCutOff
        except BodyFault as fault:
            self.fault = fault
            raise
        return block
