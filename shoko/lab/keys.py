"""Key pairs of the lab: made once per lab, kept outside the checkout, mode 0600."""

from pathlib import Path

from shoko.lab.run import run


def ensure_key(path: Path, comment: str) -> str:
    """Make an Ed25519 pair at `path` (and `path`.pub) unless it is there; return the public line."""
    public = path.with_name(path.name + ".pub")
    if not public.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.unlink(missing_ok=True)
        run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", path])
    return public.read_text().strip()


class LabKeys:
    """The controller's key and every managed host's own key."""

    def __init__(self, state: Path) -> None:
        self._folder = state / "keys"

    @property
    def controller(self) -> Path:
        """Private key with which Ansible comes in."""
        return self._folder / "controller"

    def controller_line(self) -> str:
        """Public line for authorized_keys."""
        return ensure_key(self.controller, "shoko-lab-controller")

    def host_private(self, host: str) -> str:
        """Private host key of a managed host, as text."""
        path = self._folder / "hosts" / host
        ensure_key(path, host)
        return path.read_text()

    def host_public(self, host: str) -> str:
        """Public host key line of a managed host."""
        return ensure_key(self._folder / "hosts" / host, host)
