"""Forms of reference at the counter."""

from django import forms

from shoko_ils.reference.models import Question

CHANNELS = [choice for choice in Question.Channel.choices if choice[0] != Question.Channel.WEB]


class ReceiveForm(forms.Form):
    key = forms.UUIDField()
    channel = forms.ChoiceField(choices=CHANNELS)
    questioner = forms.ChoiceField(choices=Question.Questioner.choices)
    question = forms.CharField(max_length=2000)


class NoteForm(forms.Form):
    note = forms.CharField(max_length=4000)


class AnswerForm(forms.Form):
    answer = forms.CharField(max_length=8000)


class CaseForm(forms.Form):
    """A case in words of its own; `checked` says that somebody has looked for personal data in it."""

    key = forms.UUIDField()
    question = forms.CharField(max_length=2000)
    answer = forms.CharField(max_length=8000)
    sources = forms.CharField(max_length=4000, required=False)
    ndc = forms.RegexField(r"^[0-9.]*$", max_length=10, required=False)
    checked = forms.BooleanField()
