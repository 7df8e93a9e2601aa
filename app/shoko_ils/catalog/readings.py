"""Readings as catalogues print them: katakana in words, particles as spelled (ハ ヘ ヲ) or as spoken (ワ エ オ)."""

import re

SPOKEN = {"ハ": "ワ", "ヘ": "エ", "ヲ": "オ", "は": "わ", "へ": "え", "を": "お"}
SPELLED = {spoken: spelled for spelled, spoken in SPOKEN.items()}
BETWEEN = re.compile(r"([\s／/　]+)")


def both(reading: str) -> list[str]:
    """`reading`, and as it is in the other convention where a particle stands as a word of its own.

    >>> both("ワタシ ハ ネコ")
    ['ワタシ ハ ネコ', 'ワタシ ワ ネコ']
    """
    words = BETWEEN.split(reading)
    found = {reading: None}
    if len(words) > 1:
        for forms in (SPOKEN, SPELLED):
            # a title does not begin with a particle
            found["".join([words[0], *(forms.get(word, word) for word in words[1:])])] = None
    return list(found)
