"""What is loaded is what was written; what time it is decides only what has expired."""

import copy
import json
import shutil
import time
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv6Address, IPv6Network
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from shoko.declaration import DeclarationInvalid, check, load, reference
from shoko.declaration.catalogue import CATALOGUE, controls
from shoko.declaration.reader import read
from shoko.declaration.shape import SCHEMA, known_groups, schema, terminal_groups
from shoko.declaration.switching import switch_ports
from shoko.topology.words import GROUPS

ROOT = Path(__file__).parents[3]
LAB = ROOT / "inventories" / "lab"
MUSEUM = ROOT / "inventories" / "museum"
SOUND = ROOT / "tests" / "broken" / "sound"


def test_lab_has_all_its_parts() -> None:
    lab = load(LAB)
    names = "ctl1 fw1 fw2 sw1 rp1 rp2 app1 app2 db1 db2 db3 px1 px2 bas1 log1 log2 mon1 bak1"
    terminals = "tb-central ti-central to-central tb-south ti-south"
    assert set(lab.hosts) == set(f"{names} {terminals}".split())
    assert set(lab.external) == {"world", "home", "vendor", "attacker", "pt-central"}
    assert set(lab.libraries) == {"central", "south", "tsujido", "shonandai"}
    assert lab.flows["citizen"].number == 1
    assert lab.flows["vendor-maintenance"].window is not None
    assert lab.flows["vendor-maintenance"].window.longest == timedelta(hours=4)
    assert [flow.name for flow in lab.flows.values() if flow.platform] == ["manage", "logs", "time", "updates"]
    assert lab.segments["dmz.servers"].ipv6 == IPv6Network("2001:db8:0:20::/64")
    assert lab.hosts["app1"].leg("webopac").ipv4 == IPv4Address("10.10.30.11")


def test_gateways_get_a_leg_in_every_segment_of_the_switch() -> None:
    lab = load(LAB)
    for name, last in (("fw1", 2), ("fw2", 3)):
        legs = {leg.segment: leg for leg in lab.hosts[name].legs}
        assert set(legs) == {segment.name for segment in lab.segments.values() if segment.vlan is not None}
        for leg in legs.values():
            assert leg.ipv4 == lab.segments[leg.segment].ipv4.network_address + last  # type: ignore[union-attr]
        assert lab.hosts[name].manage_leg.segment == "management.servers"
    assert lab.gateway_vip("dmz.servers", "ipv6") == IPv6Address("2001:db8:0:20::1")


def test_museum_stands_on_five_servers() -> None:
    museum = load(MUSEUM)
    others = {"switches", "business_terminals"}
    assert [host.name for host in museum.hosts.values() if not others & set(host.groups)] == [
        "fw1",
        "fw2",
        "srv1",
        "srv2",
        "srv3",
    ]
    assert museum.policies.maintenance_access == "onsite"
    assert not museum.people
    assert not [segment for segment in museum.segments.values() if segment.tunnel]


def test_switch_has_one_port_for_each_leg_and_short_names() -> None:
    lab = load(LAB)
    ports = switch_ports(lab)
    legs = [(host.name, leg.interface) for host in lab.hosts.values() if host.name != "sw1" for leg in host.legs]
    assert [(port.host, port.interface) for port in ports] == legs
    assert len({port.name for port in ports}) == len(ports)
    assert max(len(port.name.encode()) for port in ports) <= 15
    assert next(port.vlan for port in ports if (port.host, port.interface) == ("app1", "webopac")) == 30


def test_every_site_of_the_repository_is_right() -> None:
    sites = sorted(path.parent for path in (ROOT / "inventories").glob("*/shoko.yml"))
    assert LAB in sites
    assert MUSEUM in sites
    assert {str(site): check(site) for site in sites} == {str(site): [] for site in sites}


def test_check_is_fast() -> None:
    start = time.process_time()
    check(LAB)
    assert time.process_time() - start < 2


def _copy(site: Path, to: Path) -> Path:
    return Path(shutil.copytree(site, to / "site"))


def test_digest_is_of_the_content_not_of_files_and_comments(tmp_path: Path) -> None:
    site = _copy(SOUND, tmp_path)
    declaration = site / "declaration"
    before = load(site).digest
    both = (declaration / "numbers.yml").read_text() + "# a comment\n" + (declaration / "hosts.yml").read_text()
    (declaration / "hosts.yml").write_text(both)
    (declaration / "numbers.yml").unlink()
    assert load(site).digest == before
    (declaration / "hosts.yml").write_text(both.replace("198.51.100.21", "198.51.100.22"))
    assert load(site).digest != before


def test_a_flow_is_right_until_it_expires(tmp_path: Path) -> None:
    site = _copy(SOUND, tmp_path)
    flows = site / "declaration" / "flows.yml"
    flows.write_text(flows.read_text().replace("why: N-08", "expires: 2030-04-01T00:00+09:00, why: N-08"))
    end = datetime(2030, 3, 31, 15, 0, tzinfo=UTC)
    assert check(site, end - timedelta(seconds=1)) == []
    assert [problem.path for problem in check(site, end)] == ["flows.citizen.expires"]


def test_schema_is_a_schema_and_is_published() -> None:
    Draft202012Validator.check_schema(schema())
    published = ROOT / "schema" / "declaration.schema.json"
    assert published.read_bytes() == SCHEMA.read_bytes()
    for path in sorted((ROOT / "inventories").glob("*/declaration/*.yml")):
        first = path.read_text(encoding="utf-8").splitlines()[0]
        target = first.removeprefix("# yaml-language-server: $schema=")
        assert (path.parent / target).resolve() == SCHEMA.resolve(), path


def test_each_file_of_a_site_alone_fits_the_schema() -> None:
    """Editors check one file at a time."""
    validator = Draft202012Validator(schema())
    for path in (ROOT / "inventories").glob("*/declaration/*.yml"):
        assert [error.message for error in validator.iter_errors(yaml.safe_load(path.read_text()))] == [], path


def test_every_key_of_the_schema_is_described() -> None:
    def undescribed(part: Any, path: str) -> list[str]:
        found: list[str] = []
        if isinstance(part, dict):
            for name, inner in part.get("properties", {}).items():
                if "description" not in inner:
                    found.append(f"{path}.{name}")
            for name, inner in part.items():
                found += undescribed(inner, f"{path}.{name}")
        elif isinstance(part, list):
            for inner in part:
                found += undescribed(inner, path)
        return found

    assert undescribed(schema(), "") == []


def test_every_group_of_the_schema_has_a_name_for_people() -> None:
    assert set(known_groups()) == set(GROUPS)


def test_the_role_of_device_control_is_laid_on_every_host_and_a_policy_is_for_terminals_alone() -> None:
    """Without a policy the role keeps USB storage from the kernel."""
    assert set(terminal_groups()) <= set(known_groups())
    plays = yaml.safe_load((ROOT / "playbooks" / "base.yml").read_text(encoding="utf-8"))
    assert [play["hosts"] for play in plays if "usb_control" in str(play["roles"])] == ["managed"]
    lab = load(LAB)
    with_one = {name for name, host in lab.hosts.items() if lab.usb_policy(host) is not None}
    assert with_one == {name for name, host in lab.hosts.items() if set(host.groups) & set(terminal_groups())}


def test_a_mistake_in_a_policy_is_told_and_its_group_is_not_called_missing(tmp_path: Path) -> None:
    tree = copy.deepcopy(read(LAB / "declaration").tree)
    tree["usb"]["groups"]["opac_terminals"]["media"] = "sometimes"
    (tmp_path / "declaration").mkdir()
    (tmp_path / "declaration" / "all.yml").write_text(json.dumps(tree, ensure_ascii=False), encoding="utf-8")
    paths = {problem.path for problem in check(tmp_path)}
    assert "usb.groups.opac_terminals.media" in paths
    assert "usb.groups.opac_terminals" not in paths


def test_catalogue_is_read_as_it_is_written() -> None:
    parsed = yaml.load(CATALOGUE.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    assert controls() == {entry["id"]: entry["ja"] for entry in parsed["controls"]}
    assert len(controls()) == 134


_NOTHING: list[Any] = [None, 0, -5, 3.5, True, "", "x", [], {}, [{}], {"a": 1}, 65535]
_ADDRESSES: list[Any] = ["10.0.0.0/8", "255.255.255.255", "::", "0.0.0.0/0", ["ipv6"]]
_NAMES: list[Any] = ["dmz.servers", "fw1", ["gateways"], {"zone": "internet"}, {"person": "engineer"}]
_OTHERS: list[Any] = [{"managed": True}, {"group": "etcd"}, "2026-01-01T00:00Z", "999999999999d"]
JUNK = st.sampled_from([*_NOTHING, *_ADDRESSES, *_NAMES, *_OTHERS])


def _paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [*([path] if path else []), *(found for key, inner in pairs for found in _paths(inner, (*path, key)))]


def _parent(tree: Any, path: tuple[Any, ...]) -> Any:
    for key in path[:-1]:
        tree = tree[key]
    return tree


@pytest.mark.parametrize("key", ["numbers", "retired"])
@pytest.mark.parametrize("junk", [None, "x", 3])
def test_numbers_that_are_none_are_told(key: str, junk: object, tmp_path: Path) -> None:
    tree = {**read(SOUND / "declaration").tree, key: junk}
    (tmp_path / "declaration").mkdir()
    (tmp_path / "declaration" / "all.yml").write_text(json.dumps(tree, ensure_ascii=False), encoding="utf-8")
    assert [problem for problem in check(tmp_path) if key in str(problem)]


def test_a_leg_of_nobody_is_told(tmp_path: Path) -> None:
    tree = copy.deepcopy(read(SOUND / "declaration").tree)
    del tree["flows"]["counter"]["to"]["host"]
    (tmp_path / "declaration").mkdir()
    (tmp_path / "declaration" / "all.yml").write_text(json.dumps(tree, ensure_ascii=False), encoding="utf-8")
    assert [str(one) for one in check(tmp_path) if "flows.counter.to: names nothing" in str(one)]


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_whatever_is_broken_it_is_told_and_never_raises(data: st.DataObject, tmp_path: Path) -> None:
    sound = read(SOUND / "declaration").tree
    tree = copy.deepcopy(sound)
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from(_paths(tree)))
        action = data.draw(st.sampled_from(["delete", "junk", "copy"]))
        if action == "delete":
            del _parent(tree, path)[path[-1]]
        elif action == "junk":
            _parent(tree, path)[path[-1]] = copy.deepcopy(data.draw(JUNK))
        else:
            other = data.draw(st.sampled_from(_paths(sound)))
            _parent(tree, path)[path[-1]] = copy.deepcopy(_parent(sound, other)[other[-1]])
    directory = tmp_path / "declaration"
    directory.mkdir(exist_ok=True)
    # JSON is YAML; what YAML reads differently is not in the tree.
    (directory / "all.yml").write_text(json.dumps(tree, ensure_ascii=False), encoding="utf-8")
    problems = check(tmp_path)
    if problems:
        with pytest.raises(DeclarationInvalid):
            load(tmp_path)
    else:
        assert load(tmp_path).digest


def test_reference_of_every_key_is_current() -> None:
    current = reference.PAGE.read_text(encoding="utf-8")
    assert reference.page(current) == current, "run: python -m shoko.declaration.reference"
    for key in schema()["properties"]:
        assert f"### `{key}`" in current
