"""Taking a found record into the catalogue: an import of one record, with its rules, account and way back."""

import base64
import binascii
import io

from django.core import signing
from django.db import transaction

from shoko_ils.audit import record as audit
from shoko_ils.catalog import uploads
from shoko_ils.catalog.importing import batch as importing
from shoko_ils.catalog.importing.sources import Form, Source
from shoko_ils.catalog.models import ImportBatch
from shoko_ils.catalog.ndl.dcndl import Hit

SALT, AN_HOUR = "ndl-hit", 3600


def sealed(hit: Hit) -> str:
    """The record as the page carries it to the next step, so that it is not fetched a second time."""
    return signing.dumps(base64.b85encode(hit.content).decode(), salt=SALT, compress=True)


def opened(token: str) -> bytes | None:
    """The record of a page, if it is ours and of the last hour."""
    try:
        return base64.b85decode(signing.loads(token, salt=SALT, max_age=AN_HOUR))
    except (signing.BadSignature, binascii.Error, ValueError):
        return None


def preview(content: bytes) -> importing.Planned:
    """What taking the record would do: new, merged into which record, kept, or why not."""
    made = importing.preview(Source(io.BytesIO(content), Form.ISO2709), ImportBatch.Policy.MERGE)
    return (made.first or made.quarantined)[0]


@transaction.atomic
def take(content: bytes, title: str, actor: audit.Actor) -> ImportBatch:
    """Load the record as a batch of one."""
    file = io.BytesIO(content)
    batch = uploads.keep(file, f"NDL {title}"[:200], {}, ImportBatch.Policy.MERGE, actor.login_id)
    batch = importing.load(batch, file, actor)
    audit.write(actor, "copy-catalogue", "copy")
    return batch
