"""When work runs, and in which order: one story per file."""
