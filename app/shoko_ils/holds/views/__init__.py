"""The hold counter (F5 予約): thin pages over `holds.services` and `holds.scans`."""
