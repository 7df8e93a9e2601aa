"""`shoko lab`: the site as machines on this machine."""

import argparse
import contextlib
import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from shoko.lab import reap, session
from shoko.lab.errors import HostNotRunning, LabError
from shoko.lab.image import remove_cache
from shoko.lab.locking import locked
from shoko.lab.machines import machine
from shoko.lab.mirror import ensure_mirror
from shoko.lab.preflight import check_machine, check_root
from shoko.lab.progress import say, step
from shoko.lab.recipes import load_recipes
from shoko.lab.settings import LabSettings, cache_root, read_record, settings_for
from shoko.lab.ssh import checkout_link
from shoko.lab.teardown import stop_all

DEFAULT_SITE = Path("inventories/lab")
Function = Callable[[argparse.Namespace], int]


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `lab` with its verbs to the `shoko` command."""
    lab = subparsers.add_parser("lab", help="the whole site as machines on this machine")
    verbs = lab.add_subparsers(dest="verb", required=True)

    def verb(name: str, function: Function, text: str) -> argparse.ArgumentParser:
        parser = verbs.add_parser(name, help=text)
        parser.add_argument("-i", "--inventory", type=Path, default=DEFAULT_SITE, metavar="SITE", help="site directory")
        parser.set_defaults(run=function)
        return parser

    up = verb("up", _up, "make what is missing and start every host")
    up.add_argument("--hosts", help="only these hosts, separated by commas (the wiring is always whole)")
    up.add_argument("--ports", help="WebOPAC,STAFF ports on 127.0.0.1, or `auto`")
    up.add_argument(
        "--virtual",
        metavar="HOSTS",
        help="these hosts, separated by commas, as machines with a kernel of "
        "their own (QEMU); an empty text: none; kept until told otherwise",
    )
    verb("down", _down, "stop everything; hosts keep their disks, the machine keeps nothing else")
    verb("status", _status, "every host, its zone, addresses and state").add_argument(
        "--json", action="store_true", help="for machines"
    )
    execute = verb("exec", _exec, "run a command in a host; its exit code is ours")
    execute.add_argument("host")
    execute.add_argument("command", nargs=argparse.REMAINDER, metavar="-- COMMAND")
    verb("shell", _shell, "a root shell in a host").add_argument("host")
    verb("restart", _restart, "power a host off and on").add_argument("host")
    verb("url", _url, "where a browser on this machine gets in")
    verb("clean", _clean, "down, and remove disks, keys, images and mirror")
    mirror = verb("mirror", _mirror, "fetch the packages that the lab needs")
    mirror.add_argument("--renew", action="store_true", help="even if the present mirror is still valid")
    verb("image", _image, "build the images of the hosts")
    verb("reap", _reap, "stop labs whose checkout is gone")


def _settings(arguments: argparse.Namespace) -> LabSettings:
    check_root()
    return settings_for(arguments.inventory)


def _up(arguments: argparse.Namespace) -> int:
    settings = _settings(arguments)
    check_machine(settings.state, warm=settings.hosts_dir.is_dir())
    with locked(settings.state / "lock", "starting or stopping this lab"):
        names = arguments.hosts.split(",") if arguments.hosts else None
        virtual = None if arguments.virtual is None else [name for name in arguments.virtual.split(",") if name]
        session.bring_up(settings, names, arguments.ports, virtual)
    return 0


def _down(arguments: argparse.Namespace) -> int:
    settings = _settings(arguments)
    with locked(settings.state / "lock", "starting or stopping this lab"), step("stopping the lab"):
        count = stop_all(settings.ident)
    say(f"{count} hosts stopped; their disks stay in {settings.hosts_dir}")
    return 0


def _status(arguments: argparse.Namespace) -> int:
    states = session.open_lab(_settings(arguments)).status()
    if arguments.json:
        rows = [
            {
                "name": state.name,
                "zone": state.zone,
                "addresses": list(state.addresses),
                "managed": state.managed,
                "state": state.state,
                "failed": list(state.failed),
            }
            for state in states
        ]
        json.dump({"lab": _settings(arguments).ident, "hosts": rows}, sys.stdout, indent=1)
        print()
    else:
        for state in states:
            failed = f" ({' '.join(state.failed)})" if state.failed else ""
            print(f"{state.name:<12} {state.zone:<12} {state.state + failed:<10} {' '.join(state.addresses[:4])}")
    return 0


def _exec(arguments: argparse.Namespace) -> int:
    command = arguments.command[1:] if arguments.command[:1] == ["--"] else arguments.command
    if not command:
        raise LabError("nothing to run: shoko lab exec HOST -- COMMAND")
    entry = machine(_settings(arguments), arguments.host).entry(command)
    sys.stdout.flush()
    os.execvp(entry[0], entry)  # noqa: S606 - replaces this process, so that the exit code is the command's


def _shell(arguments: argparse.Namespace) -> int:
    entry = machine(_settings(arguments), arguments.host).entry(["bash", "-l"])
    os.execvp(entry[0], entry)  # noqa: S606


def _restart(arguments: argparse.Namespace) -> int:
    settings = _settings(arguments)
    with locked(settings.state / "lock", "starting or stopping this lab"):
        lab = session.open_lab(settings)
        if lab.machine(arguments.host).leader() is None:
            raise HostNotRunning(arguments.host)
        lab.restart(arguments.host)
    return 0


def _url(arguments: argparse.Namespace) -> int:
    print(session.urls(_settings(arguments)))
    return 0


def _clean(arguments: argparse.Namespace) -> int:
    settings = _settings(arguments)
    _down(arguments)
    shutil.rmtree(settings.state, ignore_errors=True)
    checkout_link(settings).unlink(missing_ok=True)
    others = reap.other_labs(settings.ident)
    if others:
        say(f"images and mirror stay in {cache_root()}: other labs use them ({' '.join(others)})")
    else:
        remove_cache(cache_root())
        with contextlib.suppress(OSError):  # a lab that has only keys left
            settings.state.parent.rmdir()
    return 0


def _mirror(arguments: argparse.Namespace) -> int:
    check_machine(cache_root(), warm=True)
    print(ensure_mirror(cache_root(), load_recipes(), renew=arguments.renew))
    return 0


def _image(arguments: argparse.Namespace) -> int:
    settings = _settings(arguments)
    check_machine(settings.state, warm=False)
    session.open_lab(settings).build_images(ensure_mirror(cache_root(), load_recipes()))
    return 0


def _reap(_arguments: argparse.Namespace) -> int:
    check_root()
    for record_file in reap.abandoned():
        record = read_record(record_file)
        say(f"lab {record_file.parent.name}: checkout {record.checkout if record else '?'} is gone, stopping it")
        reap.remove(record_file.parent)
    return 0
