"""One thin node per file."""
