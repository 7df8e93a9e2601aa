"""Who may open which page of the staff service: the matrix of S1:L33 for the pages there are.

A page that is not listed is refused to everybody.
"""

from shoko_ils.staff.models import Level

EVERYBODY = frozenset(Level)
# 実習生: カウンター業務(個人情報進入不可)
KNOWS_PATRONS = frozenset({Level.MANAGER, Level.OFFICER, Level.ASSISTANT})
# 書誌管理業務; an assistant gets it as an assigned duty, which is not granted here
CATALOGUES = frozenset({Level.MANAGER, Level.OFFICER})
# 督促, 弁償, 借受者の表示, 予約順変更 are not of an assistant's or a trainee's counter
OFFICERS = frozenset({Level.MANAGER, Level.OFFICER})
# コード変更
CHANGES_CODES = frozenset({Level.MANAGER})
ANONYMOUS = "anonymous"

ACCESS: dict[str, frozenset[Level] | str] = {
    "login": ANONYMOUS,
    "supervise": ANONYMOUS,
    "logout": EVERYBODY,
    "start": EVERYBODY,
    "lend": EVERYBODY,
    "lend-renew": EVERYBODY,
    "lend-permit": EVERYBODY,
    "lend-receipt": EVERYBODY,
    "desk-sheet": EVERYBODY,
    "return": EVERYBODY,
    "return-check": EVERYBODY,
    "patron-loans": KNOWS_PATRONS,
    "overdue": OFFICERS,
    "overdue-contact": OFFICERS,
    "overdue-postcards": OFFICERS,
    "borrower": OFFICERS,
    "cases": OFFICERS,
    "case-form": OFFICERS,
    "day-report": KNOWS_PATRONS,
    "calendar": EVERYBODY,
    "calendar-change": CHANGES_CODES,
    "rules": OFFICERS,
    "rule-change": CHANGES_CODES,
    "patrons": KNOWS_PATRONS,
    "patron": KNOWS_PATRONS,
    "member": OFFICERS,
    "provisional": KNOWS_PATRONS,
    # a question of the counter has no person; one by web has, and no page of staff shows who
    "reference": KNOWS_PATRONS,
    "reference-question": KNOWS_PATRONS,
    "reference-cases": OFFICERS,
    "holds": KNOWS_PATRONS,
    "holds-pull": KNOWS_PATRONS,
    "holds-arrivals": KNOWS_PATRONS,
    "holds-shelf": KNOWS_PATRONS,
    "holds-expired": KNOWS_PATRONS,
    "holds-contact": KNOWS_PATRONS,
    "holds-postcards": OFFICERS,
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
    return level in OFFICERS
