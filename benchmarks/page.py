"""What the page weighs, how soon it is served, how soon one can type in it; beside bare Gradio, in one run.

uv run python benchmarks/page.py [RUNS]     needs Chromium; the page serves the demonstration vault
"""

import http.client
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright
from rivals import machine

VAULT = Path(__file__).parents[1] / "notes"
EMPTY = """
import sys, gradio as gr
with gr.Blocks(analytics_enabled=False) as page:
    pass
page.launch(server_port=int(sys.argv[1]), quiet=True)
page.block_thread()
"""
BARE = [sys.executable, "-c", "import gradio"]
OURS_READY, EMPTY_READY = "#q textarea:enabled", ".gradio-container main"
PATIENCE_S = 60.0


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def ours(port: int, index: str) -> list[str]:
    options = ["--vault", str(VAULT), "--index", index, "--port", str(port)]
    return [sys.executable, "-m", "assistant.cli", "serve", *options]


@contextmanager
def running(command: list[str], port: int) -> Iterator[float]:
    """Start a server, yield the seconds until its page is ready, stop it."""
    started = time.perf_counter()
    environment = {**os.environ, "GRADIO_ANALYTICS_ENABLED": "False", "NO_PROXY": "127.0.0.1"}
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
    try:
        while not answers(port):
            if time.perf_counter() - started > PATIENCE_S or process.poll() is not None:
                raise SystemExit(f"not served: {command}")
            time.sleep(0.01)
        yield time.perf_counter() - started
    finally:
        process.terminate()
        process.wait()


def answers(port: int) -> bool:
    """Tell whether the page is served."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def seconds(command: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - started


def open_cold(browser: Browser, port: int, ready: str) -> tuple[float, float, int]:
    """Return the seconds until `ready` is on the page of a new browser, and kB and requests in all."""
    context = browser.new_context()
    page = context.new_page()
    sizes: list[float] = []
    network = context.new_cdp_session(page)
    network.send("Network.enable")
    network.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    started = time.perf_counter()
    page.goto(f"http://127.0.0.1:{port}/", wait_until="commit")
    page.wait_for_selector(ready)
    usable = time.perf_counter() - started
    page.wait_for_timeout(1_500)  # what comes late is weighed too
    context.close()
    return usable, sum(sizes) / 1000, len(sizes)


def compare(name: str, pairs: list[tuple[float, float]], bar: float) -> None:
    """Print medians and the ratio, pair by pair."""
    ratios = [one / other for one, other in pairs]
    one, other = (statistics.median(side) for side in zip(*pairs, strict=True))
    spread = f"min {min(ratios):.2f}, max {max(ratios):.2f}; bar {bar}"
    print(f"{name}: {one:.2f} s against {other:.2f} s, ratio {statistics.median(ratios):.2f} ({spread})")


def main(runs: int) -> None:
    print(f"{machine()}, load {os.getloadavg()[0]:.1f}", flush=True)
    with tempfile.TemporaryDirectory() as index:
        starts = []
        for place in range(runs + 1):
            port = free_port()
            with running(ours(port, index), port) as up:
                starts.append((up, seconds(BARE)))
            if not place:  # the first makes the index and the bytecode
                starts.clear()
                time.sleep(2)
        compare("process up and page ready / import gradio", starts, 1.8)
        port, other = free_port(), free_port()
        empty = [sys.executable, "-c", EMPTY, str(other)]
        with running(ours(port, index), port), running(empty, other), sync_playwright() as playwright:
            chromium = shutil.which("chromium")
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            opened = [
                (open_cold(browser, port, OURS_READY), open_cold(browser, other, EMPTY_READY))
                for _ in range(runs + 1)
            ][1:]
            browser.close()
        compare("one can type / empty Gradio page", [(own[0], bare[0]) for own, bare in opened], 1.5)
        (_, own_kb, own_requests), (_, bare_kb, bare_requests) = opened[-1]
        print(f"page: {own_kb:.0f} kB in {own_requests} requests (bar 450)")
        print(f"empty Gradio page: {bare_kb:.0f} kB in {bare_requests} requests")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
