"""From a figure back to the records it came from: models, loads, snapshots, offsets and some event ids."""

from pipelines.lib.lineage.note import Noted, note_lineage
from pipelines.lib.lineage.runs import note_runs

__all__ = ["Noted", "note_lineage", "note_runs"]
