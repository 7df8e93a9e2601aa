"""From 職種, 職位 and 所属 to the permission level: rules of the site, the first that fits decides.

Site file, key `authority.jobs`: a list of `{"class", "post", "at", "level"}`; `post` and `at` (central or branch) may
be left out and then fit anything. Names in `authority.names`: key → {"ja", "en"}.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from shoko_ils.core.models import Library
from shoko_ils.staff.models import Level

# S1:L33, whose words are in `access.S1`
S1_JOBS: list[dict[str, Any]] = [
    {"class": "ward-staff", "post": "director", "at": "central", "level": 1},
    {"class": "ward-staff", "post": "chief", "at": "central", "level": 1},
    {"class": "ward-staff", "post": "systems", "level": 1},
    {"class": "ward-staff", "level": 2},
    {"class": "library-service-staff", "level": 2},
    {"class": "trainee", "level": 3},
    {"class": "temporary", "level": 4},
]
S1_NAMES = {
    "ward-staff": {"ja": "区職員", "en": "Ward staff"},
    "library-service-staff": {"ja": "新宿区図書館奉仕員", "en": "Library service staff"},
    "trainee": {"ja": "実習生", "en": "Trainee"},
    "temporary": {"ja": "臨時職員", "en": "Temporary staff"},
    "director": {"ja": "中央図書館長", "en": "Director of the central library"},
    "chief": {"ja": "係長級", "en": "Chief"},
    "systems": {"ja": "システム担当", "en": "In charge of systems"},
}


@dataclass(frozen=True)
class Job:
    """One rule; empty `post` or `at` fit anything."""

    job_class: str
    level: Level
    post: str = ""
    at: str = ""


def read(raw: list[Mapping[str, Any]]) -> list[Job]:
    """The rules; a wrong word is refused, so that no rule is wider than it was meant."""
    found = []
    for entry in raw:
        wrong = set(entry) - {"class", "post", "at", "level"}
        if wrong or entry.get("level") not in Level.values or entry.get("at", "") not in ("", "central", "branch"):
            raise ImproperlyConfigured(f"site file: authority.jobs: {dict(entry)} is no rule")
        found.append(Job(entry["class"], Level(entry["level"]), entry.get("post", ""), entry.get("at", "")))
    return found


def site() -> list[Job]:
    return read(settings.SITE.get("authority", {}).get("jobs", S1_JOBS))


def level_of(job_class: str, post: str, library: Library) -> Level | None:
    """The level of a person at a library; the first one of the site is the central library. None: no account."""
    at = "central" if library == Library.objects.order_by("position").first() else "branch"
    for job in site():
        if job.job_class == job_class and job.post in ("", post) and job.at in ("", at):
            return job.level
    return None


def name(key: str, language: str) -> str:
    """What a class or post is called."""
    names = {**S1_NAMES, **settings.SITE.get("authority", {}).get("names", {})}
    return names[key][language] if key in names else key


def classes() -> list[str]:
    return list(dict.fromkeys(job.job_class for job in site()))


def posts() -> list[str]:
    return [post for post in dict.fromkeys(job.post for job in site()) if post]
