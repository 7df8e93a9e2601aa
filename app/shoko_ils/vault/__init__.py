"""What staff must never read: patrons' passwords and favourites."""
