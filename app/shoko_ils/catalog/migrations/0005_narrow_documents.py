"""Keep what is searched out of the row that is counted.

Lexemes and folded text go to the side table of large values, and the row shrinks from 1.7 kB to some 180 bytes: the
pass over the hits for number and facets then reads a tenth of the pages. The index answers for the lexemes; only the
second look of long words opens the folded text.

The server moves values aside only from rows of more than 2 kB. `weight` makes every row one: blanks that it compresses
to some 30 bytes before it looks what else is long.
"""

from django.db import migrations

FORWARD = """
ALTER TABLE search_document ALTER COLUMN tokens SET STORAGE EXTERNAL, ALTER COLUMN folded SET STORAGE EXTERNAL;
ALTER TABLE search_document SET (toast_tuple_target = 128);
ALTER TABLE search_document ADD COLUMN weight text GENERATED ALWAYS AS (repeat(' ', 2000)) STORED;
"""
BACKWARD = """
ALTER TABLE search_document DROP COLUMN weight;
ALTER TABLE search_document RESET (toast_tuple_target);
ALTER TABLE search_document ALTER COLUMN tokens SET STORAGE EXTENDED, ALTER COLUMN folded SET STORAGE EXTENDED;
"""


class Migration(migrations.Migration):
    dependencies = (("catalog", "0004_marc_of_the_slice"),)
    operations = (migrations.RunSQL(FORWARD, BACKWARD),)
