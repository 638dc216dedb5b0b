"""The whole application, served by the server of this process on loopback, in a thread of its own."""

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

from assistant.web.server import build_config, listen


@contextmanager
def serve_app(build: Callable[[], ASGIApp], port: int = 0) -> Iterator[int]:
    """Serve what is built within the server's loop, and yield its port; a free one where none is given."""
    servers: list[uvicorn.Server] = []

    async def serve() -> None:
        servers.append(uvicorn.Server(build_config(build())))
        await servers[0].serve([listener])

    with listen("127.0.0.1", port) as listener:
        thread = threading.Thread(target=asyncio.run, args=(serve(),))
        thread.start()
        while not (servers and servers[0].started):
            assert thread.is_alive()
            time.sleep(0.02)
        try:
            yield int(listener.getsockname()[1])
        finally:
            logging.getLogger("uvicorn.error").setLevel(
                logging.CRITICAL
            )  # open pages are cut, as they are meant to
            servers[0].should_exit = True
            thread.join()
