"""Libraries, calendar, database plumbing, health and error pages."""
