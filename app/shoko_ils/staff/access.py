"""Who may open which page of the staff service: the matrix of S1:L33 for the pages there are.

A page that is not listed is refused to everybody.
"""

from shoko_ils.staff.models import Level

EVERYBODY = frozenset(Level)
# 実習生: カウンター業務(個人情報進入不可)
KNOWS_PATRONS = frozenset({Level.MANAGER, Level.OFFICER, Level.ASSISTANT})
ANONYMOUS = "anonymous"

ACCESS: dict[str, frozenset[Level] | str] = {
    "login": ANONYMOUS,
    "supervise": ANONYMOUS,
    "logout": EVERYBODY,
    "start": EVERYBODY,
    "lend": EVERYBODY,
    "return": EVERYBODY,
    "patrons": KNOWS_PATRONS,
    "patron": KNOWS_PATRONS,
}


def sees_patrons(level: int) -> bool:
    """Whether names and other personal fields may appear on this person's screen."""
    return level in KNOWS_PATRONS
