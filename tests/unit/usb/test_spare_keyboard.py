"""What role `usb_control` tells a terminal of spare keyboards."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import jinja2
import pytest

from shoko.declaration import load
from shoko.policy import slices

CHECKOUT = Path(__file__).resolve().parents[3]
TEMPLATE = CHECKOUT / "roles/usb_control/templates/usb-spare-keyboard.j2"


def script(usb: dict[str, Any]) -> str:
    """The script of a terminal, as Ansible renders it."""
    environment = jinja2.Environment(trim_blocks=True, undefined=jinja2.StrictUndefined, autoescape=False)  # noqa: S701
    return environment.from_string(TEMPLATE.read_text()).render(shoko={"usb": usb})


@pytest.mark.parametrize(
    ("host", "names"), [("tb-central", ["keyboard", "counter-keyboard"]), ("to-central", ["keyboard"])]
)
def test_a_spare_one_stands_in_for_the_registered_keyboards_and_for_nothing_else_that_types(
    host: str, names: list[str]
) -> None:
    declaration = load(CHECKOUT / "inventories/lab")
    text = script(slices(declaration)[host]["usb"])
    asked = re.findall(r"allowed-matches\(id (\S+) serial \"(\S*)\" with-interface equals { (.*?) }\)", text)
    devices = [declaration.usb_devices[name] for name in names]
    assert asked == [(f"{one.vendor}:{one.product}", one.serial or "", " ".join(one.interfaces)) for one in devices]
    (rule,) = re.findall(r"^rule='(.*)'$", text, re.MULTILINE)
    assert rule.startswith('allow with-interface equals { 03:01:01 } label "spare keyboard" if none-of { allowed-')
    assert rule.endswith(") }")


def test_a_shell_can_read_it() -> None:
    text = script(slices(load(CHECKOUT / "inventories/lab"))["to-central"]["usb"])
    subprocess.run(["sh", "-n"], input=text, text=True, check=True)
