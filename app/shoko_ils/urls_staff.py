"""Pages of the staff service; `staff.access.ACCESS` says who may open each of them."""

from django.conf.urls.i18n import i18n_patterns
from django.urls import include, path

from shoko_ils.audit import views as audits
from shoko_ils.catalog import views as catalogue
from shoko_ils.catalog.ndl import views as copying
from shoko_ils.circulation.views import calendar, cases, day, lending_sets, overdue, paper, rules
from shoko_ils.counter import lending, permitting, printing, returning, views
from shoko_ils.enquiries import views as enquiries
from shoko_ils.mylibrary.views import counter as members
from shoko_ils.patrons.views import finding, keeping, leaving
from shoko_ils.reference.views import staff as reference
from shoko_ils.staff import views as accounts

urlpatterns = i18n_patterns(
    path("", views.start, name="start"),
    path("login/", views.login_page, name="login"),
    path("login/code/", views.login_code_page, name="login-code"),
    path("login/supervisor/", views.supervise_page, name="supervise"),
    path("logout/", views.logout_page, name="logout"),
    path("operator/", accounts.operator_page, name="operator"),
    path("seen/", accounts.seen_page, name="seen"),
    path("account/", accounts.account_page, name="account"),
    path("staff/", accounts.authority_page, name="authority"),
    path("staff/sessions/", accounts.sessions_page, name="sessions"),
    path("staff/<int:pk>/", accounts.account_of_page, name="authority-account"),
    path("staff/requests/<int:pk>/", accounts.confirm_page, name="authority-confirm"),
    path("audit/", audits.audit_page, name="audit"),
    path("patrons/", finding.patrons_page, name="patrons"),
    path("patrons/new/", keeping.new_patron_page, name="patron-new"),
    path("patrons/lists/", leaving.lists_page, name="patron-lists"),
    path("patrons/requests/", leaving.requests_page, name="subject-requests"),
    path("patrons/enquiries/", enquiries.enquiries_page, name="enquiries"),
    path("patrons/enquiries/not-kept/", enquiries.not_kept_page, name="not-kept"),
    path("patrons/certificates/<int:pk>/", leaving.certificate_page, name="certificate"),
    path("patrons/<uuid:pseudonym>/", finding.patron_page, name="patron"),
    path("patrons/<uuid:pseudonym>/change/", keeping.change_patron_page, name="patron-change"),
    path("patrons/<uuid:pseudonym>/renew/", keeping.renew_page, name="patron-renew"),
    path("patrons/<uuid:pseudonym>/card/", keeping.card_page, name="patron-card"),
    path("patrons/<uuid:pseudonym>/guardian/", keeping.guardian_page, name="patron-guardian"),
    path("patrons/<uuid:pseudonym>/erase/", leaving.erase_page, name="patron-erase"),
    path("patrons/<uuid:pseudonym>/request/", leaving.request_page, name="subject-request"),
    path("patrons/<uuid:pseudonym>/disclosure/", leaving.disclose_page, name="patron-disclose"),
    path("lend/", lending.lend_page, name="lend"),
    path("lend/renew/", lending.renew_page, name="lend-renew"),
    path("lend/permit/", permitting.permit_page, name="lend-permit"),
    path("lend/slip/", printing.receipt_page, name="lend-receipt"),
    path("desk-sheet/", printing.desk_sheet_page, name="desk-sheet"),
    path("return/", returning.return_page, name="return"),
    path("return/check/", returning.check_page, name="return-check"),
    path("overdue/", overdue.overdue_page, name="overdue"),
    path("overdue/postcards/", overdue.postcards_page, name="overdue-postcards"),
    path("overdue/<uuid:pseudonym>/", overdue.contact_page, name="overdue-contact"),
    path("borrower/", overdue.borrower_page, name="borrower"),
    path("cases/", cases.cases_page, name="cases"),
    path("cases/<int:pk>/", cases.case_page, name="case"),
    path("cases/photos/<int:pk>/", cases.case_photo_page, name="case-photo"),
    path("cases/<int:pk>/form/", cases.case_form_page, name="case-form"),
    path("sets/", lending_sets.sets_page, name="lending-sets"),
    path("sets/<int:pk>/", lending_sets.set_page, name="lending-set"),
    path("day/", day.day_page, name="day-report"),
    path("calendar/", calendar.calendar_page, name="calendar"),
    path("calendar/change/", calendar.calendar_change_page, name="calendar-change"),
    path("paper/", paper.batches_page, name="paper"),
    path("paper/<int:pk>/", paper.batch_page, name="paper-batch"),
    path("rules/", rules.rules_page, name="rules"),
    path("rules/change/", rules.rule_page, name="rule-change"),
    path("patrons/<uuid:pseudonym>/loans/", overdue.patron_loans_page, name="patron-loans"),
    path("members/", members.member_page, name="member"),
    path("provisional/", members.provisionals_page, name="provisional"),
    path("provisional/register/", members.provisional_register_page, name="provisional-register"),
    path("reference/", reference.questions_page, name="reference"),
    path("reference/<int:pk>/", reference.question_page, name="reference-question"),
    path("reference/cases/", reference.cases_page, name="reference-cases"),
    path("holds/", include("shoko_ils.holds.urls")),
    path("items/", include("shoko_ils.holdings.urls")),
    path("catalogue/", catalogue.catalogue_page, name="catalogue"),
    path("catalogue/new/", catalogue.new_record_page, name="catalogue-new"),
    path("catalogue/copy/", copying.copy_page, name="catalogue-copy"),
    path("catalogue/<int:pk>/", catalogue.record_page, name="catalogue-record"),
    path("catalogue/<int:pk>/merge/", catalogue.merge_page, name="catalogue-merge"),
    path("catalogue/import/", catalogue.imports_page, name="catalogue-imports"),
    path("catalogue/import/<int:pk>/", catalogue.import_page, name="catalogue-import"),
    path("catalogue/import/<int:pk>/quarantine/", catalogue.quarantine_page, name="catalogue-quarantine"),
    path("catalogue/export/", catalogue.export_page, name="catalogue-export"),
    path("catalogue/authorities/", catalogue.authorities_page, name="catalogue-authorities"),
    path("catalogue/authorities/new/", catalogue.new_authority_page, name="catalogue-authority-new"),
    path("catalogue/authorities/<int:pk>/", catalogue.authority_page, name="catalogue-authority"),
    prefix_default_language=False,
)
handler400 = "shoko_ils.core.errors.bad_request"
handler403 = "shoko_ils.core.errors.forbidden"
handler404 = "shoko_ils.core.errors.not_found"
handler500 = "shoko_ils.core.errors.server_error"
