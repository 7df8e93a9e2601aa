"""Runs on a host as root: `plant` changes files in every way that matters and prints what it did, `undo` takes it back.

Each change is one that leaves the host working, and one line of the result: [path, kind of finding, word that has to be
told]. What is needed to undo it lies in a file of /run.
"""

import json
import os
import struct
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

NOTES = Path("/run/shoko-test-planted.json")
ASIDE = "/var/tmp/shoko-test-aside"  # noqa: S108 - on the disk of the host, where a rename keeps everything
CAPABILITY = struct.pack("<IIIII", 0x02000001, 1 << 13, 0, 0, 0)  # CAP_NET_RAW, effective (capability.h)
ACL = struct.pack(
    "<I" + "HHI" * 5, 2, 1, 6, 0xFFFFFFFF, 2, 4, 65534, 4, 4, 0xFFFFFFFF, 16, 4, 0xFFFFFFFF, 32, 4, 0xFFFFFFFF
)
Plant = tuple[str, str, str]
Done = Iterator[tuple[Plant, list[Any]]]


def content(path: str) -> Done:
    """Another last byte: size and times stay."""
    was, times = Path(path).read_bytes(), os.stat(path)
    with open(path, "r+b") as file:
        file.seek(-1, os.SEEK_END)
        file.write(bytes([was[-1] ^ 1]))
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    yield (path, "changed", "content"), ["bytes", path, was[-1]]


def comment(path: str) -> Done:
    """A line more."""
    size = os.stat(path).st_size
    with open(path, "ab") as file:
        file.write(b"#\n")
    yield (path, "changed", "content"), ["size", path, size]


def rights(more: int) -> Callable[[str], Done]:
    """Rights that were not there."""

    def one(path: str) -> Done:
        mode = os.stat(path).st_mode & 0o7777
        os.chmod(path, mode | more)
        yield (path, "changed", "rights"), ["mode", path, mode]

    return one


def owner(uid: int, gid: int) -> Callable[[str], Done]:
    """Another owner, or group."""

    def one(path: str) -> Done:
        os.chown(path, uid, gid)
        yield (path, "changed", "owner" if uid >= 0 else "group"), ["owner", path]

    return one


def attribute(name: str, value: bytes, word: str) -> Callable[[str], Done]:
    """An extended attribute."""

    def one(path: str) -> Done:
        mode = os.stat(path).st_mode & 0o7777  # an access list changes it
        os.setxattr(path, name, value)
        yield (path, "changed", word), ["attribute", path, name, mode]

    return one


def moved(path: str) -> Done:
    """Gone."""
    aside = f"{ASIDE}{path.replace('/', '%')}"
    os.rename(path, aside)
    yield (path, "gone", ""), ["back", aside, path]


def pointed(path: str) -> Done:
    """A link that leads elsewhere."""
    aside = f"{ASIDE}{path.replace('/', '%')}"
    os.rename(path, aside)
    os.symlink("/var/tmp/elsewhere", path)  # noqa: S108 - nothing is there
    yield (path, "changed", "target of the link"), ["back", aside, path]


def linked(path: str) -> Done:
    """A second name in a place that nobody watches."""
    aside = f"{ASIDE}{path.replace('/', '%')}"
    os.link(path, aside)
    yield (path, "changed", "number of links"), ["unlink", aside]


def replaced(path: str) -> Done:
    """Another program in its place that calls it: the classical way to hide."""
    aside = f"{path}.real"
    os.rename(path, aside)
    Path(path).write_text(f'#!/bin/sh\nexec {aside} "$@"\n', encoding="utf-8")
    os.chmod(path, 0o755)  # noqa: S103 - as the program that it stands for
    yield (path, "changed", "content"), ["back", aside, path]
    yield (aside, "new", ""), []


def new(path: str, text: str = "planted\n", mode: int = 0o644) -> Done:
    """A file, or a link where the text begins with an arrow; a folder that it needs is one more."""
    folder = Path(path).parent
    if not folder.is_dir():
        folder.mkdir(mode=0o700)
        yield (str(folder), "new", ""), ["rmdir", str(folder)]
    if text.startswith("→"):
        os.symlink(text[1:], path)
    else:
        Path(path).write_text(text, encoding="utf-8")
        os.chmod(path, mode)
    yield (path, "new", "runs as its owner" if mode & 0o4000 else ""), ["unlink", path]


def running(path: Path) -> bool:
    """Whether a process runs this program: the kernel refuses to write to it."""
    try:
        path.open("r+b").close()
    except OSError:
        return True
    return False


def some(folder: str, count: int, taken: set[str], *, links: bool = False) -> list[str]:
    """Files of a folder by name, each for one plant only; none that this test itself needs, and none with two names."""
    found = []
    for path in sorted(Path(folder).iterdir()):
        needed = path.name.startswith(("aide", "python", "sudo", "sh", "ssh", "nice", "dash", "su", "login"))
        fits = path.is_symlink() if links else path.is_file() and not path.is_symlink() and os.stat(path).st_nlink == 1
        if fits and not needed and str(path) not in taken and (links or 0 < os.stat(path).st_size < 1 << 20):
            if not links and os.stat(path).st_mode & 0o6000:
                continue
            if not links and running(path):
                continue
            found.append(str(path))
        if len(found) == count:
            break
    taken.update(found)
    return found


KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIL7c5YIHa7Q9eBBPpgHp1gJ1bJx8WbsvkYwFAQv4rHt somebody\n"
UNIT = "[Service]\nExecStart=/bin/true\n"


def plants() -> Done:
    """Carry out all of them, one after the other."""
    taken: set[str] = set()
    for kind, folder, count in (
        (content, "/usr/bin", 14), (content, "/usr/sbin", 8), (content, "/usr/lib/x86_64-linux-gnu", 8),
        (content, "/usr/lib/systemd/system", 4), (comment, "/etc/pam.d", 8), (comment, "/etc/default", 3),
        (rights(0o022), "/usr/bin", 6), (rights(0o4000), "/usr/bin", 5), (rights(0o2000), "/usr/sbin", 3),
        (rights(0o002), "/etc/pam.d", 3), (owner(65534, -1), "/usr/bin", 4), (owner(-1, 65534), "/usr/sbin", 4),
        (attribute("security.capability", CAPABILITY, "capabilities"), "/usr/bin", 5),
        (attribute("user.planted", b"1", "extended attributes"), "/usr/bin", 3),
        (attribute("system.posix_acl_access", ACL, "access list"), "/usr/sbin", 3),
        (moved, "/usr/bin", 4), (moved, "/usr/sbin", 3), (moved, "/usr/lib/systemd/system", 3), (linked, "/usr/bin", 2),
    ):  # fmt: skip
        for path in some(folder, count, taken):
            yield from kind(path)
    for path in some("/etc/alternatives", 4, taken, links=True):
        yield from pointed(path)
    yield from replaced("/usr/bin/aide")
    yield from comment("/usr/local/sbin/shoko-fingerprint")
    yield from comment("/etc/shoko/integrity.conf")
    yield from comment("/etc/shadow")
    yield from comment("/etc/passwd")
    yield from new("/etc/ssh/authorized_keys/somebody", KEY)
    yield from new("/root/.ssh/authorized_keys", KEY, 0o600)
    yield from new("/etc/systemd/system/ssh.service.d/zz.conf", "[Service]\nEnvironment=A=1\n")
    yield from new("/etc/systemd/system/shoko-test.service", UNIT)
    yield from new("/etc/systemd/system/multi-user.target.wants/shoko-test.service", "→../shoko-test.service")
    yield from new("/etc/cron.d/shoko-test", "# nothing\n")
    yield from new("/etc/cron.daily/shoko-test", "#!/bin/sh\n", 0o755)
    yield from new("/etc/sudoers.d/zz.shoko-test", "# nothing\n", 0o440)
    yield from new("/etc/profile.d/zz-shoko-test.sh", "# nothing\n")
    yield from new("/usr/local/bin/shoko-test", "#!/bin/sh\n", 0o755)
    yield from new("/usr/local/lib/.hidden", "planted\n", 0o4755)
    yield from new("/usr/local/bin/名前 と空白", "#!/bin/sh\n", 0o755)
    yield from new("/boot/shoko-test")
    yield from new("/opt/shoko-test")
    yield from new("/usr/share/shoko-test")


def undo(note: list[Any]) -> None:
    """Take one back."""
    word, path, *rest = note
    if word == "bytes":
        times = os.stat(path)
        with open(path, "r+b") as file:
            file.seek(-1, os.SEEK_END)
            file.write(bytes([rest[0]]))
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    elif word == "size":
        os.truncate(path, rest[0])
    elif word == "mode":
        os.chmod(path, rest[0])
    elif word == "owner":
        os.chown(path, 0, 0)
    elif word == "attribute":
        os.removexattr(path, rest[0])
        os.chmod(path, rest[1])
    elif word == "back":
        os.rename(path, rest[0])
    elif word == "unlink":
        os.unlink(path)
    elif word == "rmdir":
        os.rmdir(path)


def main() -> None:
    """Plant, or undo in the other direction."""
    if sys.argv[1] == "plant":
        told, notes = [], []
        try:
            for plant, note in plants():
                told.append(plant)
                notes += [note] if note else []
        finally:
            NOTES.write_text(json.dumps(notes), encoding="utf-8")
        print(json.dumps(told))
    else:
        for note in reversed(json.loads(NOTES.read_text(encoding="utf-8"))):
            undo(note)
        NOTES.unlink()


if __name__ == "__main__":
    main()
