"""The monitor of a virtual machine: QEMU's QMP over its socket (QEMU documentation, "QMP protocol specification").

One command after the other and the events between them are all that the lab needs; the public client library is
asynchronous throughout.
"""

import json
import os
import socket
import time
from pathlib import Path
from typing import Any, Self

from shoko.lab.errors import LabError

_ANSWER_SECONDS = 20.0


class Monitor:
    """An open connection; also a context manager."""

    def __init__(self, place: Path) -> None:
        """Connect to the socket `place`; raise LabError if no machine answers there."""
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(_ANSWER_SECONDS)
        folder = None
        try:
            folder = os.open(place.parent, os.O_PATH)  # the way to a lab's folder may be longer than an address may
            self._socket.connect(f"/proc/self/fd/{folder}/{place.name}")
        except OSError as gone:
            raise LabError(f"{place}: no virtual machine answers ({gone})") from gone
        finally:
            if folder is not None:
                os.close(folder)
        self._lines = self._socket.makefile("rb")
        self.events: list[dict[str, Any]] = []
        self._read()  # the greeting
        self.execute("qmp_capabilities")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._lines.close()
        self._socket.close()

    def _read(self) -> dict[str, Any]:
        try:
            line = self._lines.readline()
        except OSError as slow:
            raise LabError(f"the virtual machine does not answer: {slow}") from slow
        if not line:
            raise LabError("the virtual machine is gone")
        message: dict[str, Any] = json.loads(line)
        return message

    def execute(self, command: str, **arguments: object) -> Any:
        """Return what a command answers; raise LabError with QEMU's own words if it is refused."""
        request = {"execute": command, "arguments": {key.replace("_", "-"): arguments[key] for key in arguments}}
        self._socket.sendall(json.dumps(request).encode() + b"\n")
        while True:
            message = self._read()
            if "event" in message:
                self.events.append(message)
            elif "error" in message:
                raise LabError(f"QEMU refuses {command}: {message['error']['desc']}")
            else:
                return message["return"]

    def await_event(self, name: str, seconds: float, **data: object) -> None:
        """Wait for an event whose data holds `data`; raise LabError after `seconds`."""
        give_up = time.monotonic() + seconds
        while True:
            for event in self.events:
                if event["event"] == name and data.items() <= event.get("data", {}).items():
                    self.events.remove(event)
                    return
            if time.monotonic() > give_up:
                raise LabError(f"no {name} of the virtual machine within {seconds:.0f} s")
            self.execute("query-status")  # whatever happened meanwhile is told before its answer
            time.sleep(0.1)
