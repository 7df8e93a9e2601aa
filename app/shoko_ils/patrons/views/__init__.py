"""Screens of the register of patrons. Thin: `services` decide, these show; every view of a record is in the audit."""
