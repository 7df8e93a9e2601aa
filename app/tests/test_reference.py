"""Reference: reception, investigation, answer, case; the person only of a question by web."""

import datetime as dt
import uuid

import pytest
from django.core import mail
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from shoko_ils.audit.record import Actor
from shoko_ils.core.models import Library
from shoko_ils.mylibrary import orders
from shoko_ils.notices import sending
from shoko_ils.notices.models import Notice
from shoko_ils.patrons.models import Patron
from shoko_ils.reference import services
from shoko_ils.reference.models import Case, Question
from tests.conftest import act_as
from tests.members import card_of, desk_works, give_password, log_in, role, said

TEXT = "藤沢の地名の由来を知りたい"


@pytest.fixture
def public(patron: Patron, public: Client, monkeypatch: pytest.MonkeyPatch) -> Client:
    monkeypatch.setattr(orders, "pause", desk_works)
    return public


def question_of(patron: Patron) -> Question:
    return services.ask_by_web(patron, "general", TEXT, uuid.uuid4())


@pytest.mark.django_db
def test_a_question_at_the_counter_has_a_class_and_no_person(central: Library, actor: Actor, patron: Patron) -> None:
    key = uuid.uuid4()
    made = [services.receive(actor, central, services.Asked("phone", "primary", TEXT), key) for _ in range(2)]
    assert made[0].pk == made[1].pk
    assert (made[0].patron_id, made[0].received_by, made[0].questioner) == (None, "demo", "primary")
    with pytest.raises(ValueError, match="by web"):
        services.receive(actor, central, services.Asked("web", "general", TEXT), uuid.uuid4())
    with pytest.raises(IntegrityError), transaction.atomic():
        Question.objects.filter(pk=made[0].pk).update(patron=patron)


@pytest.mark.django_db
@pytest.mark.parametrize("wrong", [{"questioner": "teacher"}, {"channel": "fax"}, {"question": ""}, {"answer": "x"}])
def test_the_database_knows_the_codes(patron: Patron, wrong: dict[str, str]) -> None:
    question = question_of(patron)
    with pytest.raises(IntegrityError), transaction.atomic():
        Question.objects.filter(pk=question.pk).update(**wrong)


def test_from_the_web_to_the_answer_in_my_library(
    public: Client, patron: Patron, actor: Actor, settings: object
) -> None:
    with role("ils_owner"):
        Patron.objects.filter(pk=patron.pk).update(contact="email", email="reader@example.jp")
    give_password(patron)
    log_in(public, card_of(patron))
    form = {"key": str(uuid.uuid4()), "questioner": "student", "question": TEXT}
    assert said(public, "/my/question/", form) == "asked"
    assert said(public, "/my/question/", form) == "asked"
    assert "調べています" in public.get("/my/").content.decode()
    settings.MAIL_FROM = "library@example.jp"  # type: ignore[attr-defined]
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"  # type: ignore[attr-defined]
    with role("ils_staff"):
        (question,) = Question.objects.filter(patron=patron)
        services.note(actor, question, "地名辞典 3巻")
        services.answer(actor, question.pk, "諸説あります。")
        services.answer(actor, question.pk, "諸説あり、淵沢の転訛ともいいます。")
        sending.send_due()
    (message,) = [each for each in mail.outbox if each.to == ["reader@example.jp"]]  # one, the correction told nobody
    assert "ご質問への回答があります" in message.body
    assert TEXT not in message.body + message.subject
    assert "諸説" not in message.body + message.subject
    html = public.get("/my/").content.decode()
    assert "淵沢の転訛" in html
    assert TEXT in html
    assert "地名辞典" not in html
    with role("ils_owner"):
        assert not Notice.objects.filter(patron=patron, kind=services.ANSWERED).exists()


@pytest.mark.django_db
def test_the_person_leaves_the_question_ninety_days_after_the_answer(patron: Patron, actor: Actor) -> None:
    question = question_of(patron)
    services.answer(actor, question.pk, "答え")
    call_command("tidy", verbosity=0)
    question.refresh_from_db()
    assert question.patron_id == patron.pk
    Question.objects.update(answered_on=timezone.localdate() - dt.timedelta(days=91))
    call_command("tidy", verbosity=0)
    question.refresh_from_db()
    assert (question.patron_id, question.answer) == (None, "答え")


def test_a_case_is_published_without_a_way_back_and_found(public: Client, actor: Actor) -> None:
    key = uuid.uuid4()
    with role("ils_staff"):
        for _ in range(2):
            case = services.publish(actor, services.CaseText(TEXT, "諸説ある。", "地名辞典", "291.37"), key)
    fields = {field.name for field in Case._meta.get_fields()}
    assert not {name for name in fields if "patron" in name or "by" in name}
    assert "questioner" not in fields
    assert public.get("/cases/").content.decode().count(TEXT) == 1
    assert TEXT in public.get("/cases/", {"q": "地名 藤沢"}).content.decode()
    assert TEXT not in public.get("/cases/", {"q": "地名 鎌倉"}).content.decode()
    assert "地名辞典" in public.get(f"/cases/{case.pk}/").content.decode()
    assert public.get("/cases/999999/").status_code == 404


def test_staff_work_on_a_question_and_see_nobody(staff: Client, patron: Patron) -> None:
    act_as("ils_owner", "ils, private")
    by_web = question_of(patron)
    name = Patron.objects.get(pk=patron.pk).name
    act_as("ils_staff", "ils")
    form = {"key": str(uuid.uuid4()), "channel": "counter", "questioner": "general", "question": "暦の本"}
    address = staff.post("/reference/", form)["Location"]
    staff.post(address, {"note": "書架 449"})
    staff.post(address, {"answer": "449にあります"})
    html = staff.get(address).content.decode()
    assert "書架 449" in html
    assert "449にあります" in html
    html = staff.get("/reference/").content.decode() + staff.get(f"/reference/{by_web.pk}/").content.decode()
    assert "暦の本" in html
    assert TEXT in html
    assert name not in html
    assert str(patron.pseudonym) not in html
    form = {"key": str(uuid.uuid4()), "question": "暦の本は", "answer": "449"}
    assert "個人情報の確認が必要です" in staff.post("/reference/cases/", form).content.decode()
    assert staff.post("/reference/cases/", {**form, "checked": "1"}).status_code == 302
    case = Case.objects.get(question="暦の本は")
    staff.post("/reference/cases/", {"withdraw": case.pk})
    assert not Case.objects.filter(pk=case.pk).exists()


def test_a_question_by_telephone_came_by_telephone_and_not_by_its_number(staff: Client) -> None:
    form = {"key": str(uuid.uuid4()), "channel": "phone", "questioner": "general", "question": "暦の本"}
    address = staff.post("/reference/", form)["Location"]
    html = staff.get("/reference/").content.decode() + staff.get(address).content.decode()
    assert '<option value="phone">電話</option>' in html
    assert "<dd>電話 (" in html
    assert "電話番号" not in html
