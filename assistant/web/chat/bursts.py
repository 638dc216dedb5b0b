"""Parts of an answer that come in a burst, shown together: each update of the page costs all who wait."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from functools import reduce
from operator import add
from typing import cast

from assistant.answer import Answer

_PAUSE_S = 0.15


async def gather_bursts(
    parts: AsyncIterator[Answer], *, pause_s: float = _PAUSE_S
) -> AsyncGenerator[Answer, None]:
    """Yield the same parts, the first at once, then added up where they come faster than they are shown.

    Args:
        parts: Of one answer; read as they come, closed when this is.
        pause_s: The least between two of what is yielded (seconds); the end does not wait for it.
    """
    heard: list[Answer] = []
    news = asyncio.Event()

    async def read() -> None:
        try:
            async with aclosing(cast("AsyncGenerator[Answer, None]", parts)):
                async for part in parts:
                    heard.append(part)
                    news.set()
                    await asyncio.sleep(0)  # what comes first is shown before what follows is written
        finally:
            news.set()

    reading = asyncio.create_task(read())
    try:
        while heard or not reading.done():
            await news.wait()
            news.clear()
            if heard:
                burst = reduce(add, heard)
                heard.clear()
                yield burst
                await asyncio.wait({reading}, timeout=pause_s)
        await reading
    finally:
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
