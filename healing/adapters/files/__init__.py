"""History and models on local disk, as plain arrays: nothing in them can run."""

from healing.adapters.files.histories import HistoryFiles
from healing.adapters.files.models import ModelFiles
from healing.adapters.files.remembered import RememberedModels
from healing.adapters.files.signing import key_in

__all__ = ["HistoryFiles", "ModelFiles", "RememberedModels", "key_in"]
