"""A little reverse proxy in TLS on loopback, with a public name of its own, for the tests of what is behind one."""

import asyncio
import http.client
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.desk_site import until

NAME = "cimaise.localhost"  # browsers know that it is of this machine


@dataclass(frozen=True)
class Proxy:
    """A proxy that listens: its port, what it proves itself by, and how it is asked."""

    listener: socket.socket
    context: ssl.SSLContext

    @property
    def url(self) -> str:
        """The public address."""
        return f"https://{NAME}:{self.listener.getsockname()[1]}"

    def ask(
        self,
        path: str,
        method: str = "GET",
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        visitor: str = "127.0.0.1",
    ) -> tuple[int, http.client.HTTPMessage, str]:
        """Return status, headers and text of an answer; the visitor is one of the addresses of loopback."""
        port = self.listener.getsockname()[1]
        trusting = ssl._create_unverified_context()  # noqa: S323 - its certificate is of a moment ago
        connection = http.client.HTTPSConnection(
            "127.0.0.1", port, timeout=20, source_address=(visitor, 0), context=trusting
        )
        with closing(connection):
            connection.request(method, path, body, {"Host": f"{NAME}:{port}", **(headers or {})})
            response = connection.getresponse()
            return response.status, response.headers, response.read().decode()


def open_proxy(folder: Path) -> Proxy:
    """Return a proxy that listens and does not answer yet: its address is known before what it leads to."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("no openssl on this machine to make a certificate with")
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    wanted = ("-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={NAME}")
    made = ("-keyout", str(key), "-out", str(certificate))
    subprocess.run([openssl, "req", "-x509", *wanted, *made], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return Proxy(socket.create_server(("127.0.0.1", 0)), context)


@contextmanager
def leading_to(proxy: Proxy, port: int, *, keeps_host: bool = False) -> Iterator[None]:
    """Pass on what is asked of a proxy to a port, in the clear and with `X-Forwarded-*`, as soon as it comes."""
    host = None if keeps_host else f"127.0.0.1:{port}"

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            async with _closing(writer):
                head = await reader.readuntil(b"\r\n\r\n")
                behind, upstream = await asyncio.open_connection("127.0.0.1", port)
                async with _closing(upstream):
                    upstream.write(_passed_on(head, writer.get_extra_info("peername")[0], host))
                    ways = {
                        asyncio.create_task(_pump(reader, upstream)),
                        asyncio.create_task(_pump(behind, writer)),
                    }
                    _, left = await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
                    for way in left:
                        way.cancel()

    async def run() -> None:
        stop = asyncio.Event()
        running.append((asyncio.get_running_loop(), stop))
        async with await asyncio.start_server(answer, sock=proxy.listener, ssl=proxy.context):
            await stop.wait()

    running: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []
    thread = threading.Thread(target=asyncio.run, args=(run(),))
    thread.start()
    until(lambda: running)
    try:
        yield
    finally:
        loop, stop = running[0]
        loop.call_soon_threadsafe(stop.set)
        thread.join()


@asynccontextmanager
async def _closing(writer: asyncio.StreamWriter) -> AsyncIterator[None]:
    try:
        yield
    finally:
        writer.close()
        with suppress(ConnectionError, ssl.SSLError, asyncio.CancelledError):
            await writer.wait_closed()


def _passed_on(head: bytes, visitor: str, host: str | None) -> bytes:
    """Return the head of a request as a proxy writes it: of what visitors forged, the last hop is its own."""
    first, *lines = head.decode("latin-1").rstrip("\r\n").split("\r\n")
    told = [visitor]
    kept = []
    for line in lines:
        name, _, value = line.partition(":")
        if name.lower() == "x-forwarded-for":
            told.insert(0, value.strip())
        elif name.lower() == "host" and host is not None:
            kept.append(f"Host: {host}")
        elif name.lower() != "connection":
            kept.append(line)
    said = [f"X-Forwarded-For: {', '.join(told)}", "X-Forwarded-Proto: https", "Connection: close"]
    return "\r\n".join([first, *kept, *said, "", ""]).encode("latin-1")


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while part := await reader.read(65_536):
        writer.write(part)
        await writer.drain()
