"""Loan rules: in force, uncovered, and (level 1) a new version."""

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods

from shoko_ils.circulation import rules
from shoko_ils.circulation.models import LoanRule
from shoko_ils.circulation.services.ruling import Scope, Terms, change_rule
from shoko_ils.circulation.trial import trial
from shoko_ils.core.models import Library, ServicePoint
from shoko_ils.counter import desk as desks
from shoko_ils.holdings.models import MaterialClass
from shoko_ils.patrons.models import PatronCategory


class RuleForm(forms.Form):
    """To what a rule applies (empty is any) and what it says (empty is no limit, 0 is none)."""

    category = forms.ModelChoiceField(PatronCategory.objects.none(), label=_("Patron category"), required=False)
    material_class = forms.ModelChoiceField(MaterialClass.objects.none(), label=_("Material class"), required=False)
    library = forms.ModelChoiceField(Library.objects.none(), label=_("Library"), required=False)
    service_point = forms.ModelChoiceField(ServicePoint.objects.none(), label=_("Service point"), required=False)
    days = forms.IntegerField(label=_("Days"), min_value=1, max_value=366)
    max_loans = forms.IntegerField(label=_("Limit of all loans"), min_value=0, max_value=9999, required=False)
    max_class_loans = forms.IntegerField(label=_("Limit of this material"), min_value=0, max_value=9999, required=False)
    max_renewals = forms.IntegerField(label=_("Renewals"), min_value=0, max_value=99, required=False, initial=1)
    renewal_basis = forms.ChoiceField(
        label=_("Renewal counts from"), choices=[("today", _("Today")), ("due", _("Due date"))]
    )
    overdue_stop_days = forms.IntegerField(
        label=_("Lending stops when past due more days than"), min_value=0, max_value=999, required=False, initial=30
    )
    counts_pending = forms.BooleanField(label=_("A return pending check counts"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, label_suffix="", **kwargs)
        for name, model in (
            ("category", PatronCategory),
            ("material_class", MaterialClass),
            ("library", Library),
            ("service_point", ServicePoint),
        ):
            field: Any = self.fields[name]
            field.queryset, field.empty_label = model._default_manager.all(), _("any")

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if given.get("library") and given.get("service_point"):
            raise forms.ValidationError(_("Name the library or the service point, not both."))
        return given

    def scope(self) -> Scope:
        return Scope(**{n: self.cleaned_data[n] for n in ("category", "material_class", "library", "service_point")})

    def terms(self) -> Terms:
        return Terms(**{name: self.cleaned_data[name] for name in Terms.__dataclass_fields__})


@require_GET
def rules_page(request: HttpRequest) -> HttpResponse:
    """Rules in force in the order in which they win, and every combination that none covers."""
    desks.at(request)
    context = {
        "rules": rules.in_force(),
        "uncovered": rules.uncovered(),
        "mode": "rules",
    }
    return render(request, "circulation/rules.html", context)


@require_http_methods(["GET", "POST"])
def rule_page(request: HttpRequest) -> HttpResponse:
    """A new version of a rule, or (`act=end`) the end of one; `act=try` only tries it.

    `?rule=` fills the form with a rule's terms.
    """
    desk = desks.at(request)
    form = RuleForm(request.POST or None, initial=_terms_of(request.GET.get("rule", "")))
    if request.method == "POST" and form.is_valid():
        if request.POST.get("act") == "try":
            tried = trial(form.scope(), form.terms())
            return render(request, "circulation/rule.html", {"form": form, "trial": tried, "mode": "rules"})
        terms = None if request.POST.get("act") == "end" else form.terms()
        change_rule(desk.actor, desk.staff, form.scope(), terms)
        return redirect("rules")
    return render(request, "circulation/rule.html", {"form": form, "mode": "rules"})


def _terms_of(number: str) -> dict[str, Any]:
    rule = LoanRule.objects.filter(pk=int(number)).first() if number.isdecimal() and len(number) < 19 else None
    return {name: getattr(rule, name) for name in RuleForm.base_fields} if rule else {}
