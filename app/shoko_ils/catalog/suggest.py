"""もしかして: titles, names and subjects that differ from what was typed by one character, or two in a long word.

The word is cut at each place; what holds both parts in one field, with at most one character between them, is near.
The index finds such candidates, the distance is then counted over the field itself.
"""

from shoko_ils.catalog import query as asked
from shoko_ils.catalog.index import rows
from shoko_ils.catalog.models import Heading
from shoko_ils.catalog.normalise import fold, words

LETTERS = "TRAS"
SHORTEST, SHORT = 3, 5
LONGEST = 24
CANDIDATES = 200
SUGGESTIONS = 5


def cuts(word: str) -> set[tuple[str, str]]:
    """Both sides of every possible single mistake: a wrong, missing, surplus or swapped character."""
    found = set()
    for place in range(len(word) + 1):
        for skipped in (0, 1, 2):
            left, right = word[:place], word[place + skipped :]
            # one character is little evidence, and costs a walk through all that begins with it
            lengths = sorted((len(left), len(right)))
            if lengths[1] >= 2 and (lengths[0] != 1 or len(word) <= SHORT):  # a pair
                found.add((left, right))
    return found - {(word, ""), ("", word)}


def near(word: str) -> str:
    """Text search query for the candidates."""
    queries = set()
    for left, right in cuts(word):
        for letter in LETTERS:
            sides = "&".join(asked.part(letter, side) for side in (left, right) if side)
            queries.add(f"({sides})")
    return "|".join(sorted(queries))


def distance(word: str, text: str, most: int) -> int:
    """Least number of changes that turn `word` into a part of `text`, swaps counted once; above `most` it is cut."""
    previous: list[int] = []
    row = [0] * (len(text) + 1)  # a part may begin anywhere
    for i, char in enumerate(word, start=1):
        before, previous = previous, row
        row = [i]
        for j, other in enumerate(text, start=1):
            cost = min(previous[j] + 1, row[j - 1] + 1, previous[j - 1] + (char != other))
            if before and j > 1 and char == text[j - 2] and word[i - 2] == other:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        if min(row) > most:
            return most + 1
    return min(row)


def suggest(text: str) -> list[str]:
    """What may have been meant, the nearest and most held first; texts as catalogued, at most SUGGESTIONS."""
    typed = words(text)
    word = "".join(typed)
    # a number is not near to any title
    if not SHORTEST <= len(word) <= LONGEST or word.isdecimal():
        return []
    most = 1 if len(word) < 8 else 2
    found = rows(
        "SELECT d.record_id, d.folded, d.copies, r.title FROM search_document d JOIN record r ON r.id = d.record_id"
        " WHERE d.record_id IN (SELECT record_id FROM search_document WHERE tokens @@ %s::tsquery"
        " ORDER BY copies DESC, record_id DESC LIMIT %s)",
        [near(word), CANDIDATES],
    )
    ranked: dict[str, tuple[int, int, int]] = {}
    by_name: list[int] = []
    for number, folded, copies, title in found:
        lines = [(line[0], line[1:]) for line in folded.split("\n") if line[:1] in LETTERS]
        best = min(((distance(word, line, most), letter) for letter, line in lines if line), default=(most + 1, ""))
        if best[0] > most:
            continue
        if best[1] in "TR":
            rank = best[0], -copies, number
            ranked[title] = min(ranked.get(title, rank), rank)
        else:
            by_name.append(number)
    names = Heading.objects.filter(record__in=by_name).values_list("record_id", "name", "name_reading", "key")
    for number, name, reading, key in names if by_name else ():
        near_by = min(distance(word, each, most) for each in (key, fold(reading)))
        if near_by <= most:
            rank = near_by, 0, number
            ranked[name] = min(ranked.get(name, rank), rank)
    return sorted(ranked, key=lambda each: ranked[each])[:SUGGESTIONS]
