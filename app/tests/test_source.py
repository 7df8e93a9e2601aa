"""Where a request comes from: as a site knows it, and as failures are counted."""

import pytest
from django.test import RequestFactory

from shoko_ils.core import source


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("198.51.100.7", "198.51.100.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("2001:db8:1:2::", "2001:db8:1:2::"),
        ("2001:db8:1:3::1", "2001:db8:1:3::"),
        ("fe80::1%eth0", "fe80::"),
        ("::ffff:198.51.100.7", "198.51.100.7"),
        ("nonsense", "nonsense"),
    ],
)
def test_failures_are_counted_for_a_line_and_not_for_one_of_its_addresses(address: str, counted: str) -> None:
    request = RequestFactory().get("/", headers={"X-Real-IP": address})
    assert source.counted(request) == counted
    assert source.address(request) == address


def test_a_network_of_the_site_is_compared_with_the_whole_address() -> None:
    request = RequestFactory().get("/", headers={"X-Real-IP": "2001:db8:1:2::9"})
    assert source.within(request, ["2001:db8:1:2::8/126"], "kiosk_networks")
    assert not source.within(request, ["2001:db8:1:2::/126"], "kiosk_networks")
