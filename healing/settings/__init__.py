"""The configuration: YAML in, checked once, domain values out.

`load` reads the file and the environment and gives `Settings` or every fault there is; `reload`
keeps the last good ones. `service_from_labels` and `merge` add what containers say themselves.
"""

from healing.settings.labels import Labelled, service_from_labels
from healing.settings.loading import load, reload
from healing.settings.merging import Merged, merge
from healing.settings.schema import json_schema
from healing.settings.showing import show
from healing.settings.tree import Note, Place, Settings
from healing.settings.waiting import waiting

__all__ = [
    "Labelled",
    "Merged",
    "Note",
    "Place",
    "Settings",
    "json_schema",
    "load",
    "merge",
    "reload",
    "service_from_labels",
    "show",
    "waiting",
]
