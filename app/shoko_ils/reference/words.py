"""Words for the codes of a question."""

from django.utils.translation import gettext as _

from shoko_ils.reference.models import Question


def channels() -> dict[str, str]:
    return {
        Question.Channel.COUNTER: _("Counter"),
        Question.Channel.PHONE: _("Telephone call"),
        Question.Channel.WEB: _("Mail or web"),
    }


def questioners() -> dict[str, str]:
    return {
        Question.Questioner.GENERAL: _("General"),
        Question.Questioner.STUDENT: _("Student"),
        Question.Questioner.HIGH_SCHOOL: _("High school student"),
        Question.Questioner.JUNIOR_HIGH: _("Junior high school student"),
        Question.Questioner.PRIMARY: _("Primary school pupil or younger"),
        Question.Questioner.OTHER: _("Other"),
    }
