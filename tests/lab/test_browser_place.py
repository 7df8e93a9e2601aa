"""The machine's Chromium, seated at a lab host: that host's network, names and trust."""

from pathlib import Path

import pytest
from conftest import CHECKOUT, SITE, LabCommand
from playwright.sync_api import Browser, Error, sync_playwright

from shoko.lab.browser import wrapper
from shoko.lab.machines import machine
from shoko.lab.settings import LabSettings, cache_root

PUBLIC = "public-authority/ca.pem"


def seat(lab: LabCommand, folder: Path, authorities: list[Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SHOKO_LAB_STATE", str(lab.state))
    settings = LabSettings(lab.ident, SITE, CHECKOUT, named=True)
    folder.mkdir()
    for parent in [folder, *folder.parents][:-2]:
        parent.chmod(parent.stat().st_mode | 0o011)
    return wrapper(settings, machine(settings, "home"), folder, authorities)


def read(browser: Browser, address: str) -> str:
    page = browser.new_page()
    page.goto(address)
    return page.content()


def test_a_trusted_site_opens_without_ignoring_anything(lab, tmp_path, monkeypatch):
    program = seat(lab, tmp_path / "home", [cache_root() / PUBLIC], monkeypatch)
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=str(program))
        text = read(browser, "https://www.reference.example/")
        browser.close()
    assert "asked by 2001:db8:ffff:1::2" in text, "the world sees the host home"


def test_the_same_site_is_refused_without_the_authority(lab, tmp_path, monkeypatch):
    program = seat(lab, tmp_path / "bare", [], monkeypatch)
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=str(program))
        with pytest.raises(Error, match="ERR_CERT_AUTHORITY_INVALID"):
            read(browser, "https://www.reference.example/")
        browser.close()
