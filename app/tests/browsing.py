"""A browser at the staff service of the test itself: same process, same transaction, undone at the end."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from django.core.handlers.wsgi import WSGIHandler
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, connections
from playwright.sync_api import ConsoleMessage, Page, expect, sync_playwright

CHROMIUM = "/usr/bin/chromium"
PATIENCE_SECONDS = 20
SCANNER_SECONDS, HAND_SECONDS = 0.005, 0.06  # from one key to the next
expect.set_options(timeout=PATIENCE_SECONDS * 1000)  # it does not ask the page for its patience


class Service:
    """The service as a WSGI application, one request at a time on the connection of the test.

    While `gate` is closed what is posted waits for its answer; while `away` is set it is answered by a broken proxy.
    `asked` has the method and path of every request.
    """

    def __init__(self, shared: Any) -> None:
        self.shared = shared
        self.app = WSGIHandler()
        self.lock = threading.Lock()
        self.gate = threading.Event()
        self.gate.set()
        self.away = False
        self.asked: list[str] = []

    def __call__(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        self.asked.append(f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}")
        if environ["REQUEST_METHOD"] == "POST":
            self.gate.wait()  # `serving` opens it in the end
            if self.away:
                start_response("502 Bad Gateway", [("Content-Type", "text/html")])
                return [b"away"]
        with self.lock:
            answer = self.app(environ, start_response)
            body = list(answer)
            answer.close()
            return body

    def ask[T](self, question: Callable[[], T]) -> T:
        """The answer of the database. Asked in a thread: the browser's driver gives this one another connection."""

        def with_the_connection() -> T:
            connections["default"] = self.shared
            with self.lock:
                return question()

        with ThreadPoolExecutor(1) as thread:
            return thread.submit(with_the_connection).result()


class Server(ThreadedWSGIServer):
    """Does not close the connection, which is the test's."""

    daemon_threads = True

    def _close_connections(self) -> None:
        pass


class Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@contextmanager
def serving() -> Iterator[tuple[Service, str]]:
    """The service and its address."""
    shared = connections["default"]
    shared.inc_thread_sharing()
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    service = Service(shared)
    server = Server(("localhost", 0), Quiet, connections_override={"default": shared})
    server.set_app(service)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield service, f"http://localhost:{server.server_address[1]}"
    service.gate.set()
    server.shutdown()
    server.server_close()
    for signal in signals:
        signal.connect(close_old_connections)
    shared.dec_thread_sharing()


@contextmanager
def browsing() -> Iterator[Page]:
    """A page that fails the test if the console complains or a script breaks."""
    complaints: list[str] = []

    def heard(message: ConsoleMessage) -> None:
        asked_for = message.location.get("url") == page.url  # a page that is not there, looked at for what it says
        if message.type == "error" and "502" not in message.text and not asked_for:
            complaints.append(f"{message.text} {message.location.get('url')}")

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        context = browser.new_context(locale="ja-JP", viewport={"width": 1280, "height": 800})
        page = context.new_page()
        page.set_default_timeout(PATIENCE_SECONDS * 1000)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", heard)
        yield page
        browser.close()
    assert not complaints, complaints


def scan(page: Page, text: str, pace: float = SCANNER_SECONDS) -> None:
    """As a scanner does it: characters and Enter to wherever the focus is, `pace` seconds from key to key.

    The page tells a scanner from a hand by when the keys were pressed. Like a keyboard's driver this says so with each
    key; how late the keys reach the page is the machine's matter.
    """
    keyboard = page.context.new_cdp_session(page)
    began = time.time()
    for place, char in enumerate(f"{text}\r"):
        at = began + place * pace
        time.sleep(max(0.0, at - time.time()))
        key = {"key": "Enter", "code": "Enter", "windowsVirtualKeyCode": ord("\r")} if char == "\r" else {"key": char}
        keyboard.send("Input.dispatchKeyEvent", {"type": "keyDown", "text": char, "timestamp": at, **key})
        keyboard.send("Input.dispatchKeyEvent", {"type": "keyUp", "timestamp": at, **key})
    keyboard.detach()
