"""The server: where it listens, when it is ready, how it stops.

`check_port` needs neither gradio nor fastapi, so that a taken port is known before any heavy work.
"""

import asyncio
import errno
import gc
import logging
import signal
import socket
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from assistant.reach import Reach
from assistant.web import texts
from ingest.errors import PortInUseError, SettingsError

if TYPE_CHECKING:
    import uvicorn
    from starlette.types import ASGIApp

    from assistant.desk import Desk
    from assistant.web.chat.asking import PageChain

logger = logging.getLogger(__name__)


def check_port(host: str, port: int) -> None:
    """Check that the port can be bound.

    Raises:
        PortInUseError: Another program listens on it.
        SettingsError: The address is not one of this machine, or the port is not ours to take.
    """
    listen(host, port).close()


def run_server(
    chain: "PageChain",
    reach: Reach,
    on_ready: Callable[[str], None],
    *,
    desk: "Desk | None" = None,
) -> None:
    """Serve the page until Ctrl-C or SIGTERM.

    Args:
        chain: What answers.
        reach: Where to listen, and who may come.
        on_ready: Called once with the page's address, when connections are accepted.
        desk: What the « Index » view shows and changes; without it there is no such view.

    Raises:
        PortInUseError: Another program listens on the port.
    """
    with listen(reach.host, reach.port) as listener:
        if threading.current_thread() is threading.main_thread():
            # uvicorn raises the signal again once it has stopped: this makes SIGTERM a clean end too.
            signal.signal(signal.SIGTERM, signal.default_int_handler)

        def build() -> "ASGIApp":
            from assistant.web.app import build_app  # noqa: PLC0415 - brings Gradio

            return build_app(chain, reach.host, desk, password=reach.password, public_url=reach.public_url)

        try:
            asyncio.run(_serve(build, reach, listener, on_ready))
        except KeyboardInterrupt:
            logger.info("stopped")


async def _serve(
    build: "Callable[[], ASGIApp]",
    reach: Reach,
    listener: socket.socket,
    on_ready: Callable[[str], None],
) -> None:
    import uvicorn  # noqa: PLC0415

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            if self.started:
                gc.freeze()  # a full collection over what was imported would stop answers for 0.1 s
                on_ready(page_url(reach.host, listener.getsockname()[1]))

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            # An open tab holds a stream that has to be cut: that is no fault to report.
            logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
            await super().shutdown(sockets)

    await Server(build_config(build())).serve([listener])


def build_config(app: "ASGIApp") -> "uvicorn.Config":
    """Return how an application is served; what a proxy says is ours to believe, not uvicorn's."""
    import uvicorn  # noqa: PLC0415

    return uvicorn.Config(
        app,
        log_level="error",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        ws="none",
        timeout_graceful_shutdown=1,
    )


def page_url(host: str, port: int) -> str:
    """Return the address to open in a browser of this machine."""
    name = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
    return f"http://{name}:{port}"


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens where the page is served.

    Raises:
        PortInUseError: Another program listens on the port.
        SettingsError: The address is not one of this machine, or the port is not ours to take.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host.strip("[]"), port), family=family)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise PortInUseError(host=host, port=port) from error
        if error.errno == errno.EACCES:
            raise SettingsError("CIMAISE_PORT", texts.PORT_FORBIDDEN.format(port=port)) from error
        raise SettingsError("CIMAISE_HOST", texts.HOST_UNKNOWN.format(host=host)) from error
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)  # else each answer waits 40 ms
    return listener
