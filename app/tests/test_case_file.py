"""What a case keeps while it is open: contacts in codes, photos of the item; and that none of it outlives the case."""

import datetime as dt
import json
import secrets
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import pyzipper
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from shoko_ils.audit.record import Actor
from shoko_ils.circulation import photos
from shoko_ils.circulation.models import PHOTOS, CaseContact, CasePhoto, Loan, ReturnCase
from shoko_ils.circulation.services import case_file, cases, declare_lost, hold_back, take_back
from shoko_ils.core.models import Library
from shoko_ils.holdings.models import Item
from shoko_ils.patrons import disclosure
from shoko_ils.patrons.models import Patron
from shoko_ils.staff.models import Level, StaffAccount
from tests.cluster import SERVER, connect
from tests.conftest import act_as, log_in, make_account
from tests.holding import new
from tests.privacy import tables_that_pair

TODAY = timezone.localdate
SECRET = b"35.3386,139.4876 taken by Yamada"
PHONE, COUNTER = CaseContact.Means.PHONE, CaseContact.Means.COUNTER


def picture(size: tuple[int, int] = (60, 40), form: str = "JPEG", mode: str = "RGB", **more: Any) -> bytes:
    """A picture whose left half is dark."""
    image = Image.new(mode, size, 0 if mode in ("L", "1", "I;16") else None)
    image.paste(Image.new(mode, (size[0] // 2, size[1]), 1 if mode == "P" else None), (size[0] // 2, 0))
    if mode == "RGB":
        image.paste("white", (size[0] // 2, 0, *size))
    written = BytesIO()
    image.save(written, form, **more)
    return written.getvalue()


def with_everything(orientation: int = 1) -> bytes:
    """A JPEG with place, owner, comment, profile and XMP, as a telephone writes them."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010E] = exif[0xA430] = SECRET.decode()
    exif.get_ifd(0x8825)[1] = SECRET.decode()
    return picture(exif=exif.tobytes(), comment=SECRET, icc_profile=SECRET * 9, xmp=SECRET)


@pytest.fixture
def case(actor: Actor, item: Item, central: Library, lent: Loan) -> ReturnCase:
    hold_back(actor, item.barcode, central, ReturnCase.Reason.WATER, new())
    return lent.cases.get()


# --- the picture


def test_nothing_that_the_camera_wrote_beside_the_picture_is_kept() -> None:
    given = with_everything()
    assert given.count(SECRET) >= 4
    made = photos.made_anew(given)
    assert SECRET not in made
    with Image.open(BytesIO(made)) as image:
        assert (image.format, image.size) == ("JPEG", (60, 40))
        assert not image.getexif()
        assert set(image.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}


def test_of_a_png_nothing_but_the_points_is_kept() -> None:
    texts = PngImagePlugin.PngInfo()
    texts.add_text("Author", SECRET.decode())
    texts.add_itxt("XML:com.adobe.xmp", SECRET.decode())
    given = picture(form="PNG", pnginfo=texts)
    assert SECRET in given
    assert SECRET not in photos.made_anew(given)


def test_a_picture_that_was_taken_sideways_stands_upright() -> None:
    with Image.open(BytesIO(photos.made_anew(with_everything(orientation=6)))) as image:
        assert image.size == (40, 60)
        dark, light = (image.getpixel((20, y))[0] for y in (5, 55))
        assert (dark < 60, light > 200) == (True, True)


@pytest.mark.parametrize("mode", ["RGB", "L", "1", "P", "LA", "RGBA", "I;16"])
def test_every_kind_of_png_becomes_a_jpeg(mode: str) -> None:
    made = photos.made_anew(picture(form="PNG", mode=mode))
    with Image.open(BytesIO(made)) as image:
        assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (60, 40))


def test_a_large_picture_is_made_small() -> None:
    made = photos.made_anew(picture((4000, 3000)))
    with Image.open(BytesIO(made)) as image:
        assert image.size == (1600, 1200)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "not-a-photo"),
        (b"%PDF-1.7 not a picture", "not-a-photo"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", "not-a-photo"),
        (picture()[:200], "not-a-photo"),
        (picture(form="GIF"), "not-a-photo"),
        (picture(form="TIFF"), "not-a-photo"),
        (picture((6000, 5000), "PNG", "1"), "too-many-pixels"),
        (picture((10_000, 9_000), "PNG", "1"), "too-many-pixels"),
        (picture((20_000, 20_000), "PNG", "1"), "too-many-pixels"),
        (picture() + bytes(photos.MAX_UPLOAD), "too-large"),
    ],
    ids=["empty", "pdf", "svg", "cut", "gif", "tiff", "30-million", "90-million", "bomb", "11-MB"],
)
def test_what_is_no_photo_is_refused_by_its_content(content: bytes, code: str) -> None:
    with pytest.raises(photos.BadPhoto) as refused:
        photos.made_anew(content)
    assert refused.value.code == code


@pytest.mark.filterwarnings("ignore::UserWarning")  # what Pillow says of broken EXIF
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_whatever_a_file_holds_it_is_a_photo_or_refused(data: st.DataObject) -> None:
    content = bytearray(data.draw(st.sampled_from([with_everything(), picture(form="PNG"), picture(mode="L")])))
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        made = photos.made_anew(bytes(content))
    except photos.BadPhoto:
        return
    assert made.startswith(b"\xff\xd8\xff")
    assert SECRET not in made


# --- the file of a case


@pytest.mark.django_db
def test_contacts_are_codes_of_a_day_of_the_case(actor: Actor, case: ReturnCase) -> None:
    case_file.contacted(actor, case.pk, PHONE, CaseContact.Result.ABSENT)
    case_file.contacted(actor, case.pk, COUNTER, CaseContact.Result.AGREES, TODAY())
    kept = [(one.contacted_on, one.means, one.result, one.contacted_by) for one in case.contacts.all()]
    assert kept == [(TODAY(), "counter", "agrees", "demo"), (TODAY(), "phone", "absent", "demo")]
    for wrong in (TODAY() + dt.timedelta(days=1), case.opened_on - dt.timedelta(days=1)):
        with pytest.raises(case_file.NotADay):
            case_file.contacted(actor, case.pk, PHONE, CaseContact.Result.ABSENT, wrong)
    with pytest.raises(IntegrityError), transaction.atomic():
        CaseContact.objects.update(result="山田さん不在")


@pytest.mark.django_db
def test_four_photos_are_kept_and_an_erased_one_makes_room(actor: Actor, case: ReturnCase) -> None:
    for _ in range(PHOTOS):
        case_file.add_photo(actor, case.pk, with_everything())
    with pytest.raises(case_file.TooManyPhotos):
        case_file.add_photo(actor, case.pk, picture())
    case_file.remove_photo(actor, case.pk, 2)
    assert case_file.add_photo(actor, case.pk, picture()).position == 2
    assert not any(SECRET in bytes(photo.content) for photo in case.photos.all())
    with pytest.raises(IntegrityError), transaction.atomic():
        CasePhoto.objects.create(case=case, position=PHOTOS + 1, content=b"x", added_on=TODAY(), added_by="demo")
    with pytest.raises(IntegrityError), transaction.atomic():
        CasePhoto.objects.filter(position=1).update(content=bytes(1_500_001))


@pytest.mark.django_db
@pytest.mark.parametrize("ending", ["decided", "compensated", "found"])
def test_contacts_and_photos_go_when_the_link_to_the_person_goes(
    actor: Actor, officer: StaffAccount, patron: Patron, item: Item, central: Library, lent: Loan, ending: str
) -> None:
    if ending == "found":
        declare_lost(actor, patron.pk, item.barcode, central, new())
    else:
        hold_back(actor, item.barcode, central, ReturnCase.Reason.WATER, new())
    case = lent.cases.get()
    case_file.contacted(actor, case.pk, PHONE, CaseContact.Result.PATRON)
    case_file.add_photo(actor, case.pk, picture())
    act_as("ils_staff", "ils")
    if ending == "found":
        take_back(actor, item.barcode, central, new())
    elif ending == "decided":
        cases.decide(actor, officer, case.pk, ReturnCase.Decision.NOT_NEEDED)
    else:
        cases.decide(actor, officer, case.pk, ReturnCase.Decision.SUBSTITUTE)
        assert (case.contacts.count(), case.photos.count()) == (1, 1)
        cases.settle(actor, officer, case.pk)
    act_as("ils_owner", "ils, private")
    lent.refresh_from_db()
    assert lent.patron is None
    assert (case.contacts.count(), case.photos.count()) == (0, 0)
    assert not tables_that_pair(patron, item)
    with pytest.raises(cases.CaseClosed):
        case_file.add_photo(actor, case.pk, picture())
    # nor past the services
    for table, columns, values in (
        ("case_contact", "means, result, contacted_on, contacted_by", "'phone', 'absent', now(), 'demo'"),
        ("case_photo", "position, content, added_on, added_by", "1, 'x', now(), 'demo'"),
    ):
        with (
            pytest.raises(IntegrityError, match="settled case keeps neither"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(f"INSERT INTO {table} (case_id, {columns}) VALUES (%s, {values})", [case.pk])


def test_after_the_night_no_file_of_the_database_holds_an_erased_photo(
    django_db_setup: None, django_db_blocker: Any
) -> None:
    """Beside one that stands, whose pages keep the bytes of others through a vacuum."""
    erased, kept = secrets.token_bytes(100_000), secrets.token_bytes(100_000)

    def found(content: bytes) -> bool:
        owner.execute("CHECKPOINT")
        files = (SERVER.data / Path(place).parent).iterdir()
        return any(content[:1000] in file.read_bytes() for file in files if file.is_file())

    name = connection.settings_dict["NAME"]
    with django_db_blocker.unblock(), connect(name, "ils_owner", options="-c search_path=ils") as owner:
        (place,) = owner.execute("SELECT pg_relation_filepath('case_photo')").fetchone()  # type: ignore[misc]
        owner.execute("SET session_replication_role = replica")  # a photo without a case
        for position, content in ((1, kept), (2, erased), (3, kept)):
            owner.execute(
                "INSERT INTO case_photo (case_id, position, content, added_on, added_by)"
                " VALUES (0, %s, %s, now(), 'demo')",
                [position, content],
            )
        try:
            owner.execute("DELETE FROM case_photo WHERE position = 2")
            owner.execute("VACUUM case_photo")
            assert found(erased)
            case_file.write_anew()
            assert found(kept)
            assert not found(erased)
        finally:
            owner.execute("DELETE FROM case_photo WHERE case_id = 0")
            connection.close()


def test_a_person_is_told_what_his_open_case_holds(actor: Actor, case: ReturnCase, patron: Patron) -> None:
    case_file.contacted(actor, case.pk, COUNTER, CaseContact.Result.DISPUTES)
    photo = case_file.add_photo(actor, case.pk, picture())
    with pyzipper.AESZipFile(BytesIO(disclosure.archive(patron, "correct horse"))) as archive:
        archive.setpassword(b"correct horse")
        tables = json.loads(archive.read("disclosure.json"))["tables"]
        assert archive.read(f"photo-{case}-1.jpg") == bytes(photo.content)
    assert [one["reason"] for one in tables["return_case"]] == ["water"]
    assert [(one["means"], one["result"]) for one in tables["case_contact"]] == [("counter", "disputes")]
    assert [sorted(one) for one in tables["case_photo"]] == [["added_on", "case", "id", "position"]]


@pytest.mark.parametrize("table", ["case_contact", "case_photo"])
def test_the_public_service_reads_neither(django_db_setup: None, table: str) -> None:
    with (
        connect(connection.settings_dict["NAME"], "ils_public") as public,
        pytest.raises(Exception, match="permission denied"),
    ):
        public.execute(f"SELECT 1 FROM ils.{table}")


# --- the page


@pytest.fixture
def page(case: ReturnCase, staff: Client) -> str:
    return f"/cases/{case.pk}/"


def upload(staff: Client, page: str, content: bytes, name: str = "photo.jpg") -> Any:
    return staff.post(page, {"act": "photo", "file": SimpleUploadedFile(name, content, "image/jpeg")})


def test_a_case_is_worked_on_one_page(staff: Client, page: str, case: ReturnCase, patron: Patron, item: Item) -> None:
    html = staff.get(page).content.decode()
    assert item.barcode in html
    assert patron.name not in html
    sent = {"act": "contact", "means": "phone", "result": "family", "on": str(TODAY())}
    assert staff.post(page, sent).status_code == 302
    assert upload(staff, page, with_everything()).status_code == 302
    html = staff.get(page).content.decode()
    assert "家族に伝言（書名は伝えない）" in html
    photo = case.photos.get()
    answer = staff.get(f"/cases/photos/{photo.pk}/")
    assert (answer["Content-Type"], answer["Cache-Control"]) == ("image/jpeg", "no-store")
    assert f"/cases/photos/{photo.pk}/" in html
    assert answer.content == bytes(photo.content)
    assert staff.post(page, {"act": "remove-photo", "photo": "1"}).status_code == 302
    assert not case.photos.exists()
    upload(staff, page, picture())
    assert staff.post(page, {"decision": "waived"}).status_code == 302
    html = staff.get(page).content.decode()
    assert f"利用者との結びつきを消去しました。証明書番号 {case}" in html
    assert "連絡記録" not in html.split("<main")[1]
    assert staff.get(f"/cases/photos/{photo.pk + 1}/").status_code == 404


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        ({"act": "photo"}, "JPEG・PNGの写真ではない"),
        ({"act": "photo", "file": SimpleUploadedFile("x.jpg", b"MZ program", "image/jpeg")}, "JPEG・PNGの写真ではない"),
        ({"act": "contact", "means": "phone", "result": "山田さん", "on": str(TODAY())}, "結果を入力してください"),
        ({"act": "contact", "means": "phone", "result": "absent", "on": "2020-01-01"}, "今日までの日付"),
        ({"act": "contact"}, "今日までの日付"),
        ({"act": "remove-photo", "photo": "x"}, "すでに判断または完了しています"),
        ({"act": "settle"}, "すでに判断または完了しています"),
    ],
)  # fmt: skip
def test_what_is_refused_is_said_in_one_line(
    staff: Client, page: str, case: ReturnCase, sent: dict[str, Any], sentence: str
) -> None:
    answer = staff.post(page, sent)
    assert answer.status_code == 409
    assert sentence in answer.content.decode()
    assert (case.contacts.count(), case.photos.count()) == (0, 0)


def test_a_photo_is_shown_to_officers_alone(case: ReturnCase, actor: Actor, central: Library, request: Any) -> None:
    photo = case_file.add_photo(actor, case.pk, picture())
    make_account(Level.ASSISTANT, central)
    client: Client = request.getfixturevalue("anonymous")
    log_in(client, "level4", central)
    assert client.get(f"/cases/photos/{photo.pk}/").status_code == 403


def test_the_report_is_printed_with_room_for_name_and_reason(staff: Client, page: str, item: Item) -> None:
    html = staff.get(f"{page}form/").content.decode()
    assert "図書館資料（紛失・汚損・き損）届" in html
    assert "☑ 水濡れ" in html
    assert item.barcode in html
