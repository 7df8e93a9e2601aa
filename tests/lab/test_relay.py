"""A browser on the machine gets in by the relay, and sits where the relay says."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
from conftest import CHECKOUT, IDENT

from shoko.lab.preflight import free_ports

NAMESPACE = f"sk{IDENT}-relay"
SERVER = (
    "import socket; s = socket.create_server(('127.0.0.1', 4433))\n"
    "while True:\n"
    "    c, a = s.accept(); data = c.recv(99); c.sendall(data.upper()); c.close()\n"
)


@pytest.fixture
def port() -> Iterator[int]:
    """A relay into a namespace in which a server answers in capitals."""
    subprocess.run(["ip", "netns", "add", NAMESPACE], check=True)
    subprocess.run(["ip", "-n", NAMESPACE, "link", "set", "lo", "up"], check=True)
    inside = ["nsenter", f"--net=/run/netns/{NAMESPACE}", sys.executable, "-c", SERVER]
    server = subprocess.Popen(inside)
    listening, _ = free_ports()
    relay = subprocess.Popen(
        [sys.executable, "-m", "shoko.lab.relay", f"{listening}:{NAMESPACE}:127.0.0.1:4433"],
        cwd=CHECKOUT, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    give_up = time.monotonic() + 10
    while time.monotonic() < give_up:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", listening)) == 0:
                break
        time.sleep(0.05)
    yield listening
    for process in (relay, server):
        process.kill()
        process.wait()
    subprocess.run(["ip", "netns", "del", NAMESPACE], check=True)


def ask(port: int, text: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(text)
        answer = b""
        while part := connection.recv(99):
            answer += part
    return answer


def test_bytes_pass_unchanged_both_ways(port):
    assert ask(port, b"hello") == b"HELLO"


def test_the_server_is_not_reachable_without_the_relay(port):
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", 4433)) != 0


def test_a_namespace_that_was_renewed_is_entered_anew(port):
    subprocess.run(["ip", "netns", "del", NAMESPACE], check=True)
    subprocess.run(["ip", "netns", "add", NAMESPACE], check=True)
    subprocess.run(["ip", "-n", NAMESPACE, "link", "set", "lo", "up"], check=True)
    assert ask(port, b"x") == b"", "nobody listens in the new one, and the relay says so by closing"
    server = subprocess.Popen(["nsenter", f"--net=/run/netns/{NAMESPACE}", sys.executable, "-c", SERVER])
    try:
        give_up = time.monotonic() + 10
        while not (answer := ask(port, b"again")) and time.monotonic() < give_up:
            time.sleep(0.05)
        assert answer == b"AGAIN"
    finally:
        server.kill()
        server.wait()
