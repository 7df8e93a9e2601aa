"""The only writers of holds, transits and the hold shelf. Those that `circulation` calls run in its transaction."""
