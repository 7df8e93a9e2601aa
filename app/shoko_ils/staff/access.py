"""Who may open which page of the staff service: the matrix of S1:L33 for the pages there are.

A page that is not listed is refused to everybody.
"""

from shoko_ils.staff.models import Level

EVERYBODY = frozenset(Level)
# 実習生: カウンター業務(個人情報進入不可)
KNOWS_PATRONS = frozenset({Level.MANAGER, Level.OFFICER, Level.ASSISTANT})
# 書誌管理業務; an assistant gets it as an assigned duty, which is not granted here
CATALOGUES = frozenset({Level.MANAGER, Level.OFFICER})
# 予約順変更 and decisions on title requests: not for assistants, unless it is their assigned duty
REORDERS = frozenset({Level.MANAGER, Level.OFFICER})
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
    "holds": KNOWS_PATRONS,
    "holds-pull": KNOWS_PATRONS,
    "holds-arrivals": KNOWS_PATRONS,
    "holds-shelf": KNOWS_PATRONS,
    "holds-expired": KNOWS_PATRONS,
    "holds-contact": KNOWS_PATRONS,
    "holds-postcards": REORDERS,
    "holds-queues": KNOWS_PATRONS,
    "holds-title": KNOWS_PATRONS,
    "holds-place": KNOWS_PATRONS,
    "holds-requests": KNOWS_PATRONS,
    # a slip has no name: whoever takes an item back prints it
    "hold-slip": EVERYBODY,
    "transit-slip": EVERYBODY,
    "catalogue": CATALOGUES,
    "catalogue-new": CATALOGUES,
    "catalogue-record": CATALOGUES,
    "catalogue-merge": CATALOGUES,
    "catalogue-imports": CATALOGUES,
    "catalogue-import": CATALOGUES,
    "catalogue-quarantine": CATALOGUES,
    "catalogue-export": CATALOGUES,
    "catalogue-authorities": CATALOGUES,
    "catalogue-authority-new": CATALOGUES,
    "catalogue-authority": CATALOGUES,
}


def sees_patrons(level: int) -> bool:
    """Whether names and other personal fields may appear on this person's screen."""
    return level in KNOWS_PATRONS


def may_catalogue(level: int) -> bool:
    """Whether the screens of cataloguing are open to this person."""
    return level in CATALOGUES


def may_reorder(level: int) -> bool:
    """Whether this person may change the order of a queue and decide on title requests."""
    return level in REORDERS
