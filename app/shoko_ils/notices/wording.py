"""What every notice ends with."""

from django.conf import settings
from django.utils.translation import gettext as _


def closing_lines() -> list[str]:
    """An empty line, the link, where the site has one, and who writes."""
    link = settings.SITE.get("public_url", "")
    lines = [_("Details: %(link)s") % {"link": link}] if link else []
    return ["", *lines, settings.SITE["name"]["ja"]]
