"""Errors of the lab. Each is shown to the person as one line: what is wrong, where, what to do."""

from shoko.errors import ShokoError


class LabError(ShokoError):
    """Something about the lab is wrong; the text is for the person at the terminal."""


class PreflightError(LabError):
    """The machine cannot carry the lab; `problems` has one clear line each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class HostNotRunning(LabError):
    """A command names a host that exists in the declaration but is not up."""

    def __init__(self, host: str) -> None:
        super().__init__(f"lab host {host} is not running: start it with `shoko lab up --hosts {host}`")
        self.host = host
