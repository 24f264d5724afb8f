"""An endpoint that speaks JSON over HTTP, as chat and embedding servers do."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, lru_cache
from ipaddress import IPv6Address
from typing import Any

import httpx2

from catalog.outgoing.addresses import Address, allowed_addresses, host_and_port
from catalog.outgoing.deadlines import TimedTransport, give_up_at
from catalog.outgoing.errors import (
    EndpointFailed,
    EndpointMalformed,
    EndpointTooSlow,
    EndpointUnreachable,
)
from catalog.outgoing.limits import rest_asked_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where to call, and the limits of each call."""

    url: str
    api_key: str = field(default="", repr=False)
    """Sent as a bearer token."""
    allow_private: bool = False
    """Whether the address may belong to this machine or a private network."""
    connect_timeout_s: float = 3.0
    read_timeout_s: float = 20.0
    """Longest silence."""
    deadline_s: float = 60.0
    """Longest call in total."""
    max_response_bytes: int = 1024 * 1024


class Reply:
    """A successful response that is still arriving."""

    def __init__(self, response: httpx2.Response, endpoint: Endpoint, *, give_up_at: float) -> None:
        self._response = response
        self._endpoint = endpoint
        self._give_up_at = give_up_at

    @property
    def content_type(self) -> str:
        return str(self._response.headers.get("Content-Type", "")).partition(";")[0].strip().lower()

    @property
    def rest_s(self) -> float | None:
        """How long to wait before the next call, if the endpoint says that its limits are reached."""
        return rest_asked_s(self._response.headers)

    def chunks(self) -> Iterator[bytes]:
        """The body as it arrives. Raises EndpointMalformed, EndpointTooSlow and EndpointUnreachable."""
        size = 0
        for chunk in self._response.iter_raw():
            size += len(chunk)
            if size > self._endpoint.max_response_bytes:
                raise EndpointMalformed(f"The response is longer than {self._endpoint.max_response_bytes:,} bytes.")
            if time.monotonic() > self._give_up_at:
                raise EndpointTooSlow(_too_slow(self._endpoint))
            yield chunk

    def read(self) -> bytes:
        """The whole body. Raises as `chunks` does."""
        return b"".join(self.chunks())


def _too_slow(endpoint: Endpoint) -> str:
    return f"The endpoint took longer than {endpoint.deadline_s:g} s."


@contextmanager
def post_json(endpoint: Endpoint, body: Any, *, accept: str = "application/json") -> Iterator[Reply]:
    """Send a JSON body and pass the successful response to a `with` block. Raises as `_call` does."""
    with _call(endpoint, "POST", accept=accept, json=body) as reply:
        yield reply


@contextmanager
def get(endpoint: Endpoint, *, accept: str) -> Iterator[Reply]:
    """Fetch a URL and pass the successful response to a `with` block. Raises as `_call` does."""
    with _call(endpoint, "GET", accept=accept) as reply:
        yield reply


@contextmanager
def _call(endpoint: Endpoint, method: str, *, accept: str, **body: Any) -> Iterator[Reply]:
    """Send a request and pass the successful response to a `with` block.

    The name is resolved and checked at each call and the connection goes to the checked address, so it cannot change in
    between; redirects and proxies are not followed. Raises an EndpointError, also from within the block.
    """
    end = time.monotonic() + endpoint.deadline_s
    host, port = host_and_port(endpoint.url)
    addresses = allowed_addresses(
        host, port, allow_private=endpoint.allow_private, timeout_s=endpoint.connect_timeout_s
    )
    try:
        with give_up_at(end):
            response = _send(endpoint, method, host=host, addresses=addresses, accept=accept, **body)
            try:
                _check_status(response)
                yield Reply(response, endpoint, give_up_at=end)
            finally:
                response.close()
    except httpx2.TimeoutException as error:
        if time.monotonic() >= end:
            raise EndpointTooSlow(_too_slow(endpoint)) from error
        raise EndpointTooSlow("The endpoint did not respond in time.") from error
    except httpx2.HTTPError as error:
        raise EndpointUnreachable(f"The endpoint could not be reached ({type(error).__name__}).") from error


def _send(
    endpoint: Endpoint, method: str, *, host: str, addresses: list[Address], accept: str, **body: Any
) -> httpx2.Response:
    """Try the addresses one after another, as browsers do, since a network may have only one of IPv4 and IPv6."""
    client = _client(host)
    for tried, address in enumerate(addresses, 1):
        literal = f"[{address}]" if isinstance(address, IPv6Address) else str(address)
        url = httpx2.URL(endpoint.url)
        headers = {"Host": url.netloc.decode(), "Accept": accept, "Accept-Encoding": "identity"}
        if endpoint.api_key:
            headers["Authorization"] = f"Bearer {endpoint.api_key}"
        request = client.build_request(
            method,
            url.copy_with(host=literal),
            headers=headers,
            timeout=httpx2.Timeout(endpoint.read_timeout_s, connect=endpoint.connect_timeout_s),
            extensions={"sni_hostname": host},
            **body,
        )
        try:
            return client.send(request, stream=True)
        except (httpx2.ConnectError, httpx2.ConnectTimeout):
            if tried == len(addresses):
                raise
    raise EndpointUnreachable(f"The name {host} has no address.")


@lru_cache(maxsize=16)
def _client(host: str) -> httpx2.Client:
    """A separate client for each host: connections are pooled by address, and two hosts may share one."""
    return httpx2.Client(transport=TimedTransport(_trust()), trust_env=False, follow_redirects=False)


@cache
def _trust() -> ssl.SSLContext:
    """The certificates trusted by this machine, or those of SSL_CERT_FILE."""
    return httpx2.create_ssl_context(trust_env=True)


def _check_status(response: httpx2.Response) -> None:
    if response.is_success:
        if response.headers.get("Content-Encoding", "identity") != "identity":
            raise EndpointMalformed("The response is compressed although that was not requested.")
        return
    status = response.status_code
    message = (
        "The endpoint redirects; redirects are not followed." if response.is_redirect else f"It answered {status}."
    )
    if status in (401, 403):
        message = f"The endpoint refused the key ({status})."
    if status == 429:
        message = "The endpoint has received too many requests (429)."
    raise EndpointFailed(
        message,
        status=status,
        retry_after_s=rest_asked_s(response.headers),
        location=response.headers.get("Location", "") if response.is_redirect else "",
    )
