"""What the models read."""
