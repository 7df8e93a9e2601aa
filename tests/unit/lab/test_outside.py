"""The world around the site: routes, names, and the stand-in of the National Diet Library search."""

import importlib.util
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from xml.etree import ElementTree

import pytest

from shoko.declaration import Declaration, load
from shoko.lab.outside.names import ELSEWHERE, site_names, zone_records
from shoko.lab.outside.public_authority import PublicAuthority
from shoko.lab.outside.wire import is_public, line_segment, routes_to_site, wire

ROOT = Path(__file__).resolve().parents[3]
SRU = {"srw": "http://www.loc.gov/zing/srw/"}


@pytest.fixture(scope="module")
def declaration() -> Declaration:
    return load(ROOT / "inventories/lab")


@pytest.fixture(scope="module")
def ndl():
    path = ROOT / "shoko/lab/outside/assets/ndl.py"
    spec = importlib.util.spec_from_file_location("ndl", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_provider_routes_the_public_prefixes_and_no_private_one(declaration):
    routed = {str(prefix) for prefix, _hop in routes_to_site(declaration, line_segment(declaration))}
    assert routed == {"198.51.100.16/28", "2001:db8:0:20::/64"}


@pytest.mark.parametrize("prefix", ["10.1.0.0/16", "172.20.0.0/24", "192.168.7.0/24"])
def test_private_ipv4_ends_at_the_provider(prefix):
    assert not is_public(IPv4Network(prefix))


def test_unique_local_ipv6_ends_at_the_provider():
    assert not is_public(IPv6Network("fd5e:c0:0:40::/64"))


def test_the_provider_stands_at_the_first_address_of_a_party_s_prefix(declaration):
    home = wire(declaration.external["home"])
    assert [str(address.ip) for address in home.router] == ["192.0.2.17", "2001:db8:ffff:1::1"]


def test_the_catalogue_has_a_public_name_and_the_staff_screens_have_none(declaration):
    names = {name for name, _kind, _value in zone_records(declaration)}
    assert "opac.library.example" in names
    assert "staff.library.example" not in names
    assert not any(name.endswith(".localhost") for name in names)


def test_the_internet_has_every_declared_site_and_one_that_nobody_allows(declaration):
    names = site_names(declaration)
    assert {"deb.debian.org", "ndlsearch.ndl.go.jp", "www.reference.example", ELSEWHERE} <= set(names)
    assert not any(ELSEWHERE in site.domains for site in declaration.sites.values())


def answer(ndl, **parameters):
    text = ndl.search({key: [value] for key, value in parameters.items()})
    return ElementTree.fromstring(text)  # noqa: S314 - our own answer


def test_the_search_finds_a_title_in_any_writing(ndl):
    for words in ("走れメロス", "はしれ めろす", "ﾒﾛｽ"):
        found = answer(ndl, query=f'title="{words}"', recordPacking="xml")
        assert found.findtext("srw:numberOfRecords", namespaces=SRU) == "1", words
        assert "走れメロス" in ElementTree.tostring(found, encoding="unicode")


def test_terms_are_joined_by_and(ndl):
    query = 'creator="夏目漱石" and publisher="岩波"'
    assert answer(ndl, query=query).findtext("srw:numberOfRecords", namespaces=SRU) == "1"


def test_records_come_in_pages(ndl):
    first = answer(ndl, query='anywhere="新潮社"', maximumRecords="2")
    assert len(first.findall(".//srw:record", SRU)) == 2
    following = first.findtext("srw:nextRecordPosition", namespaces=SRU)
    assert following == "3"
    rest = answer(ndl, query='anywhere="新潮社"', startRecord=following)
    assert rest.find("srw:nextRecordPosition", SRU) is None


@pytest.mark.parametrize(
    ("parameters", "number"),
    [
        ({"query": 'shelf="1"'}, 16),
        ({"query": 'title="a" or'}, 10),
        ({}, 7),
        ({"query": "メロス", "recordSchema": "marc"}, 66),
        ({"query": "メロス", "version": "2.0"}, 5),
        ({"query": "メロス", "startRecord": "9"}, 61),
    ],
)
def test_what_sru_refuses_gets_its_diagnostic(ndl, parameters, number):
    with pytest.raises(ndl.Refused) as refused:
        ndl.search({key: [value] for key, value in parameters.items()})
    assert refused.value.number == number
    assert f"diagnostic/1/{number}<" in ndl.refusal(refused.value)


def test_the_web_sites_certificate_is_kept_until_the_names_change(tmp_path):
    authority = PublicAuthority(tmp_path / "cache")
    first = authority.site_pair(tmp_path / "keys", ["a.example"])
    assert authority.site_pair(tmp_path / "keys", ["a.example"]) == first
    assert authority.site_pair(tmp_path / "keys", ["a.example", "b.example"]) != first
    assert (tmp_path / "keys/world.key").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "cache/public-authority/ca.key").stat().st_mode & 0o777 == 0o600
