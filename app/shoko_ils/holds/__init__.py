"""Holds (予約) with their queue, pull list, hold shelf, transits (回送) and requests for titles not held."""
