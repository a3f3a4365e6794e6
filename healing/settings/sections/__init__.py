"""One file per section of the configuration: its keys, their defaults, what they mean."""
