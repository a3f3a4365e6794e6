"""The speed and accuracy claims, measured again: `make bench`, or one at a time."""
