"""The outbox of notices to patrons: mail through the relay, postcards, telephone."""
