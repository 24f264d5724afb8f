"""The statements that the product runs for requests, and raw psycopg running the same ones."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Sequence
from dataclasses import dataclass
from queue import Queue
from typing import Any

import psycopg


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    sql: str
    parameters: Any
    in_transaction: bool


def record(paths: Sequence[str]) -> list[list[Statement]]:
    """Have Django answer each path twice in this process, and return the statements of each second time."""
    from django.db import connection
    from django.test import Client

    client, recorded = Client(SERVER_NAME="localhost"), []
    for path in paths:
        statements: list[Statement] = []

        def keep(execute: Any, sql: str, params: Any, many: bool, context: Any, into: Any = statements) -> Any:
            into.append(Statement(sql=sql, parameters=params, in_transaction=connection.in_atomic_block))
            return execute(sql, params, many, context)

        assert client.get(path).status_code == 200
        with connection.execute_wrapper(keep):
            client.get(path)
        recorded.append(statements)
    return recorded


def requests_s(url: str, recorded: Sequence[Sequence[Statement]], *, processes: int, duration_s: float) -> float:
    """How many requests' statements raw psycopg runs per second, with one connection in each of this many processes."""
    spawn = multiprocessing.get_context("spawn")
    results: Any = spawn.Queue()
    start = spawn.Barrier(processes)
    children = [spawn.Process(target=_run, args=(url, recorded, duration_s, start, results)) for _ in range(processes)]
    for child in children:
        child.start()
    rates = [results.get() for _ in children]
    for child in children:
        child.join()
    return sum(rates)


def _run(
    url: str, recorded: Sequence[Sequence[Statement]], duration_s: float, start: Any, results: Queue[float]
) -> None:
    with psycopg.connect(url, autocommit=True, cursor_factory=psycopg.ClientCursor) as connection:
        for statements in recorded:
            _request(connection, statements)
        start.wait()
        count, started = 0, time.perf_counter()
        while (elapsed_s := time.perf_counter() - started) < duration_s:
            _request(connection, recorded[count % len(recorded)])
            count += 1
        results.put(count / elapsed_s)


def _request(connection: psycopg.Connection, statements: Sequence[Statement]) -> None:
    """Run the statements of one request, in transactions where the product uses them."""
    inside = False
    for statement in statements:
        if statement.in_transaction != inside:
            connection.execute("BEGIN" if statement.in_transaction else "COMMIT")
            inside = statement.in_transaction
        connection.execute(statement.sql, statement.parameters).fetchall()
    if inside:
        connection.execute("COMMIT")
