"""Places to wait for request bodies."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from catalog.http import bodies
from catalog.http.bodies import Arrival, ArrivingBody, BodiesCrowded, BodyCutOff, WaitingRoom
from tests.waiting import wait_until


def arrival(caller: str) -> Arrival:
    return Arrival(caller=caller, peer="127.0.0.1")


def room_of(places: int) -> WaitingRoom:
    return WaitingRoom(places=places, hang_up=lambda late: None)


def wait_until_there_wait(count: int, room: WaitingRoom) -> None:
    waiters = room._changed._waiters  # type: ignore[attr-defined]
    wait_until(lambda: len(waiters) == count, timeout_s=20, what=f"{count} to wait for a place")


@pytest.fixture
def patient(monkeypatch) -> None:
    """Let callers wait for a place as long as a test may take, and treat nobody as slow."""
    monkeypatch.setattr(bodies, "PLACE_TIMEOUT_S", 60.0)
    monkeypatch.setattr(bodies, "SLOW_AFTER_S", 60.0)


@pytest.fixture
def impatient(monkeypatch) -> None:
    monkeypatch.setattr(bodies, "PLACE_TIMEOUT_S", 0.0)


def test_one_caller_has_two_thirds_of_the_places_and_all_together_no_more_than_there_are(impatient):
    room = room_of(3)
    with room.place(arrival("ada")), room.place(arrival("ada")):
        with pytest.raises(BodiesCrowded), room.place(arrival("ada")):
            pass
        with room.place(arrival("bob")), pytest.raises(BodiesCrowded), room.place(arrival("eve")):
            pass


def test_a_free_place_goes_to_whoever_may_have_it_behind_one_who_may_not(patient):
    room, left = room_of(3), threading.Event()
    entered: list[str] = []

    def enter(caller: str) -> None:
        with room.place(arrival(caller)):
            entered.append(caller)
            left.wait(60)

    with ThreadPoolExecutor(2) as threads, ExitStack() as ada, ExitStack() as bob:
        ada.callback(left.set)
        for stack, caller in ((ada, "ada"), (ada, "ada"), (bob, "bob")):
            stack.enter_context(room.place(arrival(caller)))
        for count, caller in enumerate(("ada", "eve"), start=1):
            threads.submit(enter, caller)
            wait_until_there_wait(count, room)
        bob.close()
        wait_until(lambda: entered == ["eve"], timeout_s=20, what="the place to be taken")


def test_a_body_that_ends_early_is_a_fault_that_stays(impatient):
    blocks = iter([b"half", b""])
    body = ArrivingBody(lambda wanted: next(blocks), length=8, caller="ada", peer="127.0.0.1", room=room_of(2))
    for _ in range(2):
        with pytest.raises(BodyCutOff):
            body.read(8)
    assert body.is_unread
