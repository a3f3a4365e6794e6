"""The configuration: YAML in, checked once, domain values out."""
