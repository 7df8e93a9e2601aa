"""Folds Japanese text so that what is typed and what is catalogued meet.

Both sides pass through `fold`, therefore each step only has to be the same for both: width (NFKC), case,
hiragana to katakana, ヴ to バ-row, ヂヅヲヰヱ to ジズオイエ, small kana to large, the prolonged sound mark to
the vowel it prolongs, old character forms to new ones; marks and blanks go. Voicing is never folded:
プライド must not find フライト.
"""

import re
import unicodedata
from functools import lru_cache

from shoko_ils.catalog.variants import NEW_FORMS

VOWEL_ROWS = {
    "ア": "アカサタナハマヤラワガザダバパァャヮ",
    "イ": "イキシチニヒミリギジビピィ",
    "ウ": "ウクスツヌフムユルグズブプゥュッ",
    "エ": "エケセテネヘメレゲゼベペェ",
    "オ": "オコソトノホモヨロゴゾドボポォョ",
}
VOWEL_OF = {kana: vowel for vowel, row in VOWEL_ROWS.items() for kana in row}
HIRAGANA = {code: code + 0x60 for code in range(0x3041, 0x3097)}
HIRAGANA |= {0x309D: 0x30FD, 0x309E: 0x30FE}  # iteration marks ゝゞ
SPELLINGS = str.maketrans("ヂヅヲヰヱ", "ジズオイエ")
SMALL = str.maketrans("ァィゥェォッャュョヮヵヶ", "アイウエオツヤユヨワカケ")
V_SOUNDS = (("ヴァ", "バ"), ("ヴィ", "ビ"), ("ヴェ", "ベ"), ("ヴォ", "ボ"), ("ヴ", "ブ"))
VARIATION_SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")
DASHES = re.compile("[\u2010-\u2015\u2212\u30a0\uff0d-]")
KANA_DASH = re.compile("(?<=[ァ-ヺ])[\u2010-\u2015\u2212-]")
# letters, digits, kana, kanji and the marks 々〆ヽヾ; everything else carries no meaning in a search
MEANINGLESS = re.compile(r"[^\w々〆ヽヾー]|_")


def _prolong(text: str) -> str:
    """ー becomes the vowel of the kana before it, and falls away after anything else."""
    out: list[str] = []
    for char in text:
        if char != "ー":
            out.append(char)
        elif out and out[-1] in VOWEL_OF:
            out.append(VOWEL_OF[out[-1]])
    return "".join(out)


def fold(text: str) -> str:
    """The search form of `text`; idempotent, empty if nothing searchable is in it."""
    text = VARIATION_SELECTORS.sub("", unicodedata.normalize("NFKC", text))
    text = unicodedata.normalize("NFKC", text.casefold()).translate(HIRAGANA)
    text = KANA_DASH.sub("ー", text)
    text = DASHES.sub("", text)
    for sound, plain in V_SOUNDS:
        text = text.replace(sound, plain)
    text = text.translate(SPELLINGS).translate(NEW_FORMS)
    text = MEANINGLESS.sub("", text)
    return _prolong(text).translate(SMALL)


# for many records: names, publishers and subjects come again and again
folded = lru_cache(maxsize=65_536)(fold)


def words(query: str) -> list[str]:
    """Folded words of a query, in order, each once. A final ー is dropped: コンピューター finds コンピュータ."""
    found: dict[str, None] = {}
    for word in unicodedata.normalize("NFKC", query).split():
        trimmed = re.sub(r"[ー～〜-]+$", "", word)
        folded = fold(trimmed if len(trimmed) >= 2 else word)
        if folded:
            found[folded] = None
    return list(found)
