"""A day in progress: what has been done in the demonstration library since it opened, by the services and nothing else.

Each service is a transaction of its own. The last step leaves a mark; a run that broke off before it is begun again,
and does then a little more.
"""

import uuid
from collections.abc import Callable, Iterable

from django.utils import timezone

from shoko_ils.audit.record import Actor
from shoko_ils.circulation.models import Loan, OverdueContact, ReturnCase
from shoko_ils.circulation.models.overdue import Means
from shoko_ils.circulation.services import (
    Outcome,
    Result,
    book_drop,
    declare_lost,
    hold_back,
    lend,
    overdue,
    renew,
    take_back,
)
from shoko_ils.core.models import Library
from shoko_ils.demo import invent
from shoko_ils.holdings.models import Item
from shoko_ils.holds.models import Hold, State, TitleRequest
from shoko_ils.holds.services import requests
from shoko_ils.holds.services.placing import Placing
from shoko_ils.holds.target import Target
from shoko_ils.mylibrary import applications, codes, desk, forms, own
from shoko_ils.mylibrary.models import ProvisionalRegistration
from shoko_ils.patrons import declared
from shoko_ils.patrons.models import Card, Patron
from shoko_ils.reference import services as reference
from shoko_ils.reference.models import Question

LOGIN_ID = "demo"
# at each library
LENT, RETURNED, RENEWED = 6, 5, 2
MEMBERS = 2
WANTED_TITLES = (
    requests.Title("見本市植物誌", "例田 三郎", "雛形書房"),
    requests.Title("はじめての模型鉄道", "試川 四季", "見本出版"),
    requests.Title("架空の町の歩き方", "", "", "9784000000001"),
)
APPLICATION = {
    "name": "見本沢 晴", "name_reading": "ミホンザワ ハル", "birth_date": "H12.4.5", "postal_code": "000-0000",
    "address": "架空市見本町9丁目901番", "phone": "000-0000-0901", "contact": "phone",
}  # fmt: skip

Progress = Callable[[str], None]


def begin(password: str, progress: Progress) -> bool:
    """Bring the day to its middle; False if that was done before. `password`: of the citizens who have one."""
    if Question.objects.filter(key=_key("day")).exists():
        return False
    libraries = list(Library.objects.all())
    for position, library in enumerate(libraries):
        _at_the_counter(library, libraries[position - 1])
    _cases(libraries[0])
    _overdue(libraries[0])
    _requests(libraries)
    if not ProvisionalRegistration.objects.exists():
        progress(f"provisional registration: receipt number {_application(libraries[0])}")
    if declared.site().has_my_library:
        for card in _members(password):
            progress(f"My Library: card {card}")
    _questions(libraries[0])
    progress("the day has begun")
    return True


def _key(*parts: object) -> uuid.UUID:
    return uuid.uuid5(invent.NAMESPACE, " ".join(map(str, parts)))


def _actor(library: Library) -> Actor:
    return Actor(LOGIN_ID, library.key)


def _until(count: int, results: Iterable[Result], wanted: Outcome) -> None:
    """Scan until so many came to what is wanted; what stops at one item does not stop the day."""
    for result in results:
        count -= result.outcome is wanted
        if count == 0:
            return


def _open_loans(library: Library) -> list[Loan]:
    """Loans of a library that are not past due, the next due first."""
    loans = Loan.objects.filter(library=library, returned_on=None, pending=False, due_on__gte=timezone.localdate())
    return list(loans.select_related("item").order_by("due_on", "pk"))


def _at_the_counter(library: Library, other: Library) -> None:
    """Items come back, one at another library and one in the book drop; some are renewed, and some go out."""
    actor = _actor(library)
    loans = _open_loans(library)
    for position, loan in enumerate(loans[:RETURNED]):
        at = other if position == 0 else library
        late = book_drop(at) if position == 1 else None
        take_back(_actor(at), loan.item.barcode, at, _key("return", loan.pk), late=late)
    renewals = (
        renew(actor, loan.patron_id, loan.item.barcode, library, _key("renew", loan.pk)) for loan in loans[RETURNED:]
    )
    _until(RENEWED, renewals, Outcome.RENEWED)
    people = Patron.objects.filter(
        library=library, kind=Patron.Kind.PERSON, loans=None, expires_on__gte=timezone.localdate()
    ).order_by("pk")[:LENT]
    for patron, barcodes in zip(people, _on_the_shelf(library), strict=False):
        scans = (lend(actor, patron.pk, barcode, library, _key("lend", barcode)) for barcode in barcodes)
        _until(2, scans, Outcome.LENT)


def _on_the_shelf(library: Library) -> Iterable[list[str]]:
    """Numbers of items that may be lent and that nobody waits for, a handful for each patron; some are discs."""
    here = Item.objects.filter(library=library, at_library=library, condition="normal", library_use_only=False)
    free = here.exclude(record=invent.KEPT_IN).exclude(pk__in=Loan.objects.filter(returned_on=None).values("item"))
    numbers = free.exclude(record__in=Hold.objects.values("record")).order_by("pk").values_list("barcode", flat=True)
    discs, books = list(numbers.filter(material_class__key="av")[:LENT]), list(numbers[: LENT * 120 : 24])
    for position in range(LENT):
        yield [*discs[position : position + 1 : 2], *books[position * 5 : position * 5 + 5]]


def _cases(library: Library) -> None:
    """返却保留, twice, and one that its borrower has lost."""
    actor, loans = _actor(library), _open_loans(library)[10:13]
    reasons = (ReturnCase.Reason.WATER, ReturnCase.Reason.PARTS_MISSING)
    for loan, reason in zip(loans, reasons, strict=False):
        hold_back(actor, loan.item.barcode, library, reason, _key("case", loan.pk))
    for loan in loans[len(reasons) :]:
        declare_lost(actor, loan.patron_id, loan.item.barcode, library, _key("case", loan.pk))


def _overdue(library: Library) -> None:
    """Three of those past due were called this morning."""
    results = (OverdueContact.Result.ABSENT, OverdueContact.Result.PATRON, OverdueContact.Result.SAYS_RETURNED)
    concerned = [one for one in overdue.debtors() if one.due_for_contact]
    for one, result in zip(concerned, results, strict=False):
        if one.stage is not None:
            overdue.contacted(_actor(library), one.patron, one.stage.number, Means.PHONE, result)


def _requests(libraries: list[Library]) -> None:
    """Titles that no library has were asked for; one is to be bought."""
    people = Patron.objects.filter(kind=Patron.Kind.PERSON, expires_on__gte=timezone.localdate()).order_by("-pk")
    for position, (title, patron) in enumerate(zip(WANTED_TITLES, people, strict=False)):
        library = libraries[position % len(libraries)]
        made = requests.ask(_actor(library), patron.pk, title, library, _key("request", position))
        if position == 0:
            requests.decide(_actor(library), made.pk, TitleRequest.Decision.BUY)


def _application(library: Library) -> str:
    """仮登録, as a citizen fills in the form; the number that he brings to the counter."""
    form = forms.ProvisionalForm({**APPLICATION, "library": library.key})
    if not form.is_valid():
        raise AssertionError(form.errors.as_json())
    return applications.leave(**form.cleaned_data)


def _members(password: str) -> list[str]:
    """Cards of citizens who got a slip at the counter, gave themselves a password, and placed a hold from home."""
    borrowing = Loan.objects.filter(returned_on=None).values("patron")
    people = Patron.objects.filter(pk__in=borrowing, kind=Patron.Kind.PERSON, expires_on__gte=timezone.localdate())
    cards = []
    for patron in people.select_related("library").order_by("pk")[:MEMBERS]:
        card = Card.objects.get(patron=patron, ended_on=None).number
        code = codes.slip(_actor(patron.library), patron)
        if not own.register_password(card, code, password, "demonstration"):
            raise AssertionError("a fresh code is the holder's")
        waited_for = Hold.objects.filter(state=State.QUEUED).order_by("record")
        for record, issue in waited_for.values_list("record", "issue").distinct()[:5]:
            wish = {"pickup": patron.library.key, "targets": [str(Target(record, issue))], "group_kind": ""}
            if desk.place(patron, {**wish, "key": str(_key("hold", patron.pk))})["outcome"] == Placing.PLACED:
                break
        cards.append(card)
    return cards


def _questions(library: Library) -> None:
    """One answered and published, one from home, and one just received: the mark that the day has begun."""
    actor = _actor(library)
    heard = reference.Asked(Question.Channel.COUNTER, Question.Questioner.GENERAL, "見本町の町名の由来を知りたい。")
    question = reference.receive(actor, library, heard, _key("question"))
    if not question.answer:
        reference.note(actor, question, "郷土資料の棚で「見本市史 通史編」第2章を確認。")
        reference.answer(actor, question.pk, "「見本市史 通史編」第2章に、明治22年の合併で付けられたとあります。")
    published = reference.CaseText("見本町の町名の由来", "明治22年の合併で付けられた。", "見本市史 通史編 第2章", "291")
    reference.publish(actor, published, _key("published"))
    if declared.site().asks_by_web:
        asker = Patron.objects.filter(kind=Patron.Kind.PERSON, expires_on__gte=timezone.localdate()).order_by("pk")[0]
        reference.ask_by_web(
            asker, Question.Questioner.STUDENT, "太宰治の作品で、旅を扱ったものを挙げてください。", _key("asked")
        )
    told = reference.Asked(Question.Channel.PHONE, Question.Questioner.OTHER, "昭和30年代の市内の写真はあるか。")
    reference.receive(actor, library, told, _key("day"))
