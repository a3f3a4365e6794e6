"""Recordings in files: NumPy archives, and tables of what a range query gave."""

from healing.adapters.recordings.files import Unread, read_recording, read_recordings

__all__ = ["Unread", "read_recording", "read_recordings"]
