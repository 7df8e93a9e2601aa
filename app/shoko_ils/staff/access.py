"""Who may do what: the matrix resource × action × level, and which page needs which cell of it.

S1:L33, word for word, is in `S1`; the matrix is its reading for the work there is. Deny by default: a cell that is not
listed is nobody's, a page that is not listed is refused to everybody.
"""

import datetime as dt
from dataclasses import dataclass
from functools import lru_cache

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db.models import Q
from django.utils import timezone

from shoko_ils.staff.models import Level, StaffAccount

# S1:L33: who → what
S1 = {
    Level.MANAGER: ("区職員(中央図書館長、係長級(地区館除く)、システム担当)", "全業務"),
    Level.OFFICER: ("区職員(上記以外)、新宿区図書館奉仕員", "全業務(コード変更を除く)"),
    Level.TRAINEE: ("実習生", "カウンター業務(個人情報進入不可)"),
    Level.ASSISTANT: ("臨時職員", "カウンター業務(一部制限)、担当業務"),
}

EVERY = frozenset(Level)
NO_TRAINEE = frozenset({Level.MANAGER, Level.OFFICER, Level.ASSISTANT})
OFFICERS = frozenset({Level.MANAGER, Level.OFFICER})
MANAGERS = frozenset({Level.MANAGER})

MATRIX: dict[str, dict[str, frozenset[Level]]] = {
    # 他の職員の強制ログアウト: whoever supervises
    "account": {"own": EVERY, "end-sessions": OFFICERS},
    "counter": {"use": EVERY, "report": NO_TRAINEE, "paper": NO_TRAINEE},
    "patron": {
        "view": NO_TRAINEE,
        "loans": NO_TRAINEE,
        "register": NO_TRAINEE,
        "change": NO_TRAINEE,
        "renew": NO_TRAINEE,
        "card": NO_TRAINEE,
        "prolong-guardian": OFFICERS,
        "erase": OFFICERS,
        "lists": OFFICERS,
    },
    "disclosure": {"register": OFFICERS, "export": OFFICERS},
    # 照会・令状: what an authority asks is answered by who answers for the library
    "enquiry": {"register": MANAGERS},
    "member": {"unlock": OFFICERS, "provisional": NO_TRAINEE},
    "reference": {"work": NO_TRAINEE, "publish": OFFICERS},
    # 予約順変更 and the answer to a title request are an officer's
    "hold": {"work": NO_TRAINEE, "order": OFFICERS, "postcards": OFFICERS},
    "catalogue": {"work": OFFICERS},
    "item": {"work": OFFICERS},
    # 督促, 弁償, and who has an item: not of an assistant's counter
    "overdue": {"work": OFFICERS},
    "case": {"work": OFFICERS},
    "borrower": {"show": OFFICERS},
    # 団体貸出セット
    "set": {"view": NO_TRAINEE, "prepare": OFFICERS},
    # コード変更: rules, calendars, masters
    "code": {"view": OFFICERS, "change": MANAGERS},
    "authority": {"view": MANAGERS, "request": MANAGERS, "confirm": MANAGERS},
    "audit": {"read": MANAGERS, "review": MANAGERS},
}
# what takes personal data out of the system
EXPORTS = frozenset({("disclosure", "export")})
# 担当業務 that can be assigned to a person of level 4 → the cells it opens at that person's own library
DUTIES: dict[str, frozenset[tuple[str, str]]] = {
    "overdue": frozenset({("overdue", "work")}),
    "cataloguing": frozenset({("catalogue", "work"), ("item", "work")}),
    "patron-lists": frozenset({("patron", "lists")}),
    "disclosure": frozenset({("disclosure", "register")}),
}


@dataclass(frozen=True)
class Cell:
    """One resource and action; `level in cell` asks the matrix."""

    resource: str
    action: str

    @property
    def levels(self) -> frozenset[Level]:
        """Levels that may do it by their level alone; the site may take work from level 4 (一部制限)."""
        found = MATRIX.get(self.resource, {}).get(self.action, frozenset())
        return found - {Level.ASSISTANT} if str(self) in restricted() else found

    @property
    def full(self) -> bool:
        """Whether card and PIN are too little for it: work of level 1, and exports."""
        return self.levels <= MANAGERS or (self.resource, self.action) in EXPORTS

    def __contains__(self, level: object) -> bool:
        return level in self.levels

    def __str__(self) -> str:
        return f"{self.resource}:{self.action}"


def restricted() -> frozenset[str]:
    """Cells `resource:action` that the site file (authority.restricted) takes from level 4."""
    return _restricted(tuple(settings.SITE.get("authority", {}).get("restricted", ())))


@lru_cache(maxsize=8)
def _restricted(given: tuple[str, ...]) -> frozenset[str]:
    known = {f"{resource}:{action}" for resource, actions in MATRIX.items() for action in actions}
    if wrong := sorted(set(given) - known):
        raise ImproperlyConfigured(f"site file: authority.restricted: unknown {', '.join(wrong)}")
    return frozenset(given)


ANONYMOUS = "anonymous"
EVERYBODY = Cell("counter", "use")
OWN_ACCOUNT = Cell("account", "own")
KNOWS_PATRONS = Cell("patron", "view")
CATALOGUES = Cell("catalogue", "work")
ITEMS = Cell("item", "work")
LISTS = Cell("patron", "lists")
RIGHTS = Cell("disclosure", "register")
ENQUIRIES = Cell("enquiry", "register")
AUTHORITY = Cell("authority", "view")
OVERDUE = Cell("overdue", "work")
HOLDS = Cell("hold", "work")
CHANGES_CODES = Cell("code", "change")

# page → the cell it needs; with a dictionary, by method
ACCESS: dict[str, Cell | dict[str, Cell] | str] = {
    "login": ANONYMOUS,
    "login-code": ANONYMOUS,
    "supervise": ANONYMOUS,
    "operator": ANONYMOUS,
    "logout": OWN_ACCOUNT,
    "account": OWN_ACCOUNT,
    "seen": OWN_ACCOUNT,
    "start": EVERYBODY,
    "lend": EVERYBODY,
    "lend-renew": EVERYBODY,
    "lend-permit": EVERYBODY,
    "lend-receipt": EVERYBODY,
    "desk-sheet": EVERYBODY,
    "return": EVERYBODY,
    "return-check": EVERYBODY,
    "patron-loans": Cell("patron", "loans"),
    "overdue": OVERDUE,
    "overdue-contact": OVERDUE,
    "overdue-postcards": OVERDUE,
    "borrower": Cell("borrower", "show"),
    "cases": Cell("case", "work"),
    "case": Cell("case", "work"),
    "case-photo": Cell("case", "work"),
    "case-form": Cell("case", "work"),
    "lending-sets": {"GET": Cell("set", "view"), "POST": Cell("set", "prepare")},
    "lending-set": {"GET": Cell("set", "view"), "POST": Cell("set", "prepare")},
    "day-report": Cell("counter", "report"),
    "paper": Cell("counter", "paper"),
    "paper-batch": Cell("counter", "paper"),
    "calendar": EVERYBODY,
    "calendar-change": CHANGES_CODES,
    "rules": Cell("code", "view"),
    "rule-change": CHANGES_CODES,
    "patrons": KNOWS_PATRONS,
    "patron": KNOWS_PATRONS,
    "member": Cell("member", "unlock"),
    "provisional": Cell("member", "provisional"),
    "provisional-register": Cell("patron", "register"),
    # a question of the counter has no person; one by web has, and no page of staff shows who
    "reference": Cell("reference", "work"),
    "reference-question": Cell("reference", "work"),
    "reference-cases": Cell("reference", "publish"),
    "holds": HOLDS,
    "holds-pull": HOLDS,
    "holds-arrivals": HOLDS,
    "holds-shelf": HOLDS,
    "holds-expired": HOLDS,
    "holds-contact": HOLDS,
    "holds-postcards": Cell("hold", "postcards"),
    "holds-posted": Cell("hold", "postcards"),
    "holds-queues": HOLDS,
    "holds-title": HOLDS,
    "holds-place": HOLDS,
    "holds-requests": HOLDS,
    # a slip has no name: whoever takes an item back prints it
    "hold-slip": EVERYBODY,
    "transit-slip": EVERYBODY,
    "items": ITEMS,
    "item": ITEMS,
    "item-new": ITEMS,
    "items-many": ITEMS,
    "items-act": ITEMS,
    "items-labels": ITEMS,
    "items-register": ITEMS,
    "patron-new": Cell("patron", "register"),
    "patron-change": Cell("patron", "change"),
    "patron-renew": Cell("patron", "renew"),
    "patron-card": Cell("patron", "card"),
    "patron-guardian": Cell("patron", "prolong-guardian"),
    "patron-erase": Cell("patron", "erase"),
    "patron-lists": LISTS,
    "certificate": Cell("patron", "erase"),
    "subject-requests": RIGHTS,
    "subject-request": RIGHTS,
    "patron-disclose": Cell("disclosure", "export"),
    "enquiries": ENQUIRIES,
    "not-kept": ENQUIRIES,
    "catalogue": CATALOGUES,
    "catalogue-new": CATALOGUES,
    "catalogue-copy": CATALOGUES,
    "catalogue-record": CATALOGUES,
    "catalogue-merge": CATALOGUES,
    "catalogue-imports": CATALOGUES,
    "catalogue-import": CATALOGUES,
    "catalogue-quarantine": CATALOGUES,
    "catalogue-export": CATALOGUES,
    "catalogue-authorities": CATALOGUES,
    "catalogue-authority-new": CATALOGUES,
    "catalogue-authority": CATALOGUES,
    "sessions": Cell("account", "end-sessions"),
    "authority": {"GET": AUTHORITY, "POST": Cell("authority", "request")},
    "authority-account": {"GET": AUTHORITY, "POST": Cell("authority", "request")},
    "authority-confirm": Cell("authority", "confirm"),
    "audit": {"GET": Cell("audit", "read"), "POST": Cell("audit", "review")},
}


def needed(page: str, method: str) -> Cell | str | None:
    """What a page needs for a method; ANONYMOUS, or None for a page that is not listed."""
    found = ACCESS.get(page)
    if isinstance(found, dict):
        return found.get("GET" if method in ("HEAD", "OPTIONS") else method)
    return found


def permits(person: StaffAccount, cell: Cell, library_id: int) -> bool:
    """Whether a person may do it at a library's counter: by level anywhere, by assigned duty at the own library."""
    if person.level in cell:
        return True
    return (cell.resource, cell.action) in cells_of_duties(person, library_id)


def cells_of_duties(person: StaffAccount, library_id: int, today: dt.date | None = None) -> frozenset[tuple[str, str]]:
    """Cells that duties in force open; none away from the own library, none for other levels than 4."""
    if person.level != Level.ASSISTANT or person.library_id != library_id:
        return frozenset()
    today = today or timezone.localdate()
    duties = person.duties.filter(Q(until_on__isnull=True) | Q(until_on__gte=today), from_on__lte=today)
    return frozenset().union(*(DUTIES.get(each, frozenset()) for each in duties.values_list("duty", flat=True)))


def cells_of(person: StaffAccount, library_id: int) -> frozenset[str]:
    """Every cell that a person has at a library, as `resource:action`: what menus and pages show."""
    by_level = {
        str(Cell(resource, action))
        for resource, actions in MATRIX.items()
        for action in actions
        if person.level in Cell(resource, action)
    }
    return frozenset(by_level | {f"{r}:{a}" for r, a in cells_of_duties(person, library_id)})


def sees_patrons(level: int) -> bool:
    """Whether names and other personal fields may appear on this person's screen."""
    return level in KNOWS_PATRONS


def may_reorder(level: int) -> bool:
    """Whether this person may change the order of a queue and decide on title requests."""
    return level in Cell("hold", "order")
