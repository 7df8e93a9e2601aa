"""The folding of Japanese text, by examples and by its properties."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoko_ils.catalog.document import grams
from shoko_ils.catalog.normalise import fold, words

kana = st.text(st.characters(min_codepoint=0x3041, max_codepoint=0x3096), max_size=12)
japanese = st.text(
    st.one_of(
        st.characters(min_codepoint=0x3041, max_codepoint=0x30FE),
        st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF),
        st.characters(min_codepoint=0xFF01, max_codepoint=0xFF9F),
        st.sampled_from("abcABC 　・ー-‐「」0123Ａ\U000e0100"),
    ),
    max_size=20,
)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ﾒﾛｽ", "メロス"),
        ("めろす", "メロス"),
        ("はしれメロス", "ハシレメロス"),
        ("ﾊﾞｯｸﾞ", "ばっぐ"),
        ("オッベルと象", "オツベルと象"),
        ("ウェストミンスター", "うえすとみんすたあ"),
        ("コーヒー", "コオヒイ"),
        ("ヴェルレーヌ", "ベルレーヌ"),
        ("みかづき", "ミカズキ"),
        ("國語學", "国語学"),
        ("髙橋", "高橋"),
        ("太宰　治", "太宰治"),
        ("ジャン・クリストフ", "ジャンクリストフ"),
        ("ＡＢＣ", "abc"),
        ("葛󠄀城", "葛城"),
        ("渡邊", "渡辺"),
        ("ｺﾝﾋﾟｭｰﾀ", "こんぴゅーた"),
        ("髙﨑戶佛滿邊邉", "高崎戸仏満辺辺"),
        # of the table of 1 December 2010 and of the list for names
        ("倂巢戾揭擊晚曾涉渴狀穩艷襃齊", "併巣戻掲撃晩曽渉渇状穏艶褒斉"),
        ("說稅脫絕內銳閱尙姬彥娛强", "説税脱絶内鋭閲尚姫彦娯強"),
        ("齊藤", "斉藤"),
        ("森鷗外", "森鴎外"),
        ("渕上 渊上", "淵上 淵上"),
    ],
)
def test_spellings_that_meet(one: str, other: str) -> None:
    assert fold(one) == fold(other)


@pytest.mark.parametrize(
    ("one", "other"), [("プライド", "フライト"), ("はな", "ばな"), ("斉藤", "斎藤"), ("齊藤", "齋藤"), ("人々", "人人")]
)
def test_spellings_that_stay_apart(one: str, other: str) -> None:
    assert fold(one) != fold(other)


@given(japanese)
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(st.text(max_size=30))
def test_any_text_folds_to_one_line_without_blanks(text: str) -> None:
    assert not any(char.isspace() for char in fold(text))


@given(kana)
def test_hiragana_and_katakana_are_the_same(text: str) -> None:
    katakana = "".join(chr(ord(char) + 0x60) for char in text)
    assert fold(text) == fold(katakana)


@given(japanese)
def test_width_does_not_matter(text: str) -> None:
    assert fold(text) == fold(unicodedata.normalize("NFKC", text))


@given(japanese.filter(lambda text: len(fold(text)) > 0))
def test_every_part_of_a_text_is_found_by_its_lexemes(text: str) -> None:
    """A part of two or three characters is a lexeme, a single one begins one."""
    folded = fold(text)
    held = set(grams("T", folded))
    for start in range(len(folded)):
        assert any(lexeme.startswith("T" + folded[start]) for lexeme in held)
        for length in (2, 3):
            if start + length <= len(folded):
                assert "T" + folded[start : start + length] in held


def test_words_are_split_at_any_blank_and_kept_once() -> None:
    assert words("太宰　治 太宰") == ["太宰", "治"]


def test_a_final_prolonged_mark_is_dropped_from_a_query() -> None:
    assert words("コンピューター") == [fold("コンピュータ")]
    assert words("ミルー") == [fold("ミル")]


@pytest.mark.parametrize("query", ["", "   ", "「」", "・・・", "\u3000", "ー"])
def test_a_query_without_a_letter_has_no_words(query: str) -> None:
    assert words(query) == []
