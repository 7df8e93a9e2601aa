"""What the counter gives to ear and eye in a browser: a sound, a colour and a word for each outcome, and 日本語入力."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from shoko_ils.circulation.models import Loan
from shoko_ils.holdings.models import Item
from shoko_ils.patrons.models import Card, Patron
from tests.browsing import Service, scan

# stands where the browser's own is: what would have been heard, as [pitch, begins after, for seconds, how it sounds]
LISTEN = """
window.heard = [];
window.AudioContext = class {
    currentTime = 0;
    destination = {};
    createOscillator() {
        const tone = { frequency: {}, connect(place) { tone.connected = Boolean(place); } };
        tone.start = (at) => { tone.at = at; };
        tone.stop = (at) => {
            if (tone.connected) {
                window.heard.push([tone.frequency.value, tone.at, at - tone.at, tone.type]);
            }
        };
        return tone;
    }
};
"""
WORDS = {"done": "完了", "note": "注意", "stop": "停止"}


@pytest.fixture
def parts(free: list[str]) -> str:
    """An item with something that comes with it: lent with a note."""
    Item.objects.filter(barcode=free[1]).update(accompanying="CD", accompanying_count=1)
    return free[1]


def outcome(page: Page, scanned: str) -> tuple[str, list[list[Any]], str]:
    """(word, tones, colour) of the answer to a scan."""
    page.evaluate("window.heard = []")
    scan(page, scanned)
    shown = page.locator("[data-result] .notice", has_text=scanned)
    expect(shown).to_be_visible()
    page.wait_for_function("window.heard.length")
    colour = shown.evaluate("each => getComputedStyle(each).backgroundColor")
    return shown.locator(".notice-word").inner_text(), page.evaluate("window.heard"), colour


def test_each_outcome_has_a_word_a_colour_and_a_sound_of_its_own(
    parts: str, page: Page, card: Card, free: list[str]
) -> None:
    page.add_init_script(LISTEN)
    page.reload()
    scan(page, card.number)
    expect(page.locator(".person-name")).to_be_visible()
    assert page.evaluate("window.heard") == [], "nothing came of it yet"
    found = {kind: outcome(page, scanned) for kind, scanned in {"done": free[0], "note": parts, "stop": "1234"}.items()}
    assert {kind: word for kind, (word, _, _) in found.items()} == WORDS
    (done,), (first, second), (stop,) = (tones for _, tones, _ in found.values())
    # 完了 short, 注意 two one after the other, 停止 low and long
    assert done[2] <= 0.1
    assert first[1] + first[2] < second[1]
    assert stop[2] >= 0.5
    assert stop[0] * 2 < min(done[0], first[0])
    assert len({colour for _, _, colour in found.values()}) == 3


def test_japanese_input_is_warned_of_and_what_it_makes_of_a_card_is_read_all_the_same(
    page: Page, service: Service, card: Card, patron: Patron, free: list[str]
) -> None:
    keyboard = page.context.new_cdp_session(page)
    warning = page.get_by_text("日本語入力がオンです")
    expect(warning).to_be_hidden()
    for number in (card.number, free[0]):
        full_width = "".join(chr(ord(digit) + 0xFEE0) for digit in number)
        composed = {"text": full_width, "selectionStart": len(full_width), "selectionEnd": len(full_width)}
        keyboard.send("Input.imeSetComposition", composed)
        expect(warning).to_be_visible()
        keyboard.send("Input.insertText", {"text": full_width})
        expect(warning).to_be_hidden()
        expect(page.locator("#scan")).to_have_value(full_width)
        page.keyboard.press("Enter")
        expect(page.locator("#scan")).to_have_value("")
    expect(page.locator(".notice-done")).to_contain_text(free[0])
    assert service.ask(lambda: Loan.objects.get(item__barcode=free[0], returned_on=None).patron) == patron
