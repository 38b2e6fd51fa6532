"""Who sees which variant: decided by a hash, so that nothing has to be kept and nobody ever changes sides."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from api.domains.recommendations.schemas import Parameters

Unit = Literal["browser", "customer"]
Status = Literal["draft", "running", "stopped"]


@dataclass(frozen=True, slots=True)
class Variant:
    """One side; `share` of all units see it."""

    name: str
    share: float
    parameters: Parameters


@dataclass(frozen=True, slots=True)
class Experiment:
    """Policies that are compared on a surface; the first variant is the control.

    Shares may leave people out: who falls beyond their sum sees what everybody else sees, and is not counted.
    """

    experiment_id: str
    hypothesis: str
    surface: str
    unit: Unit
    variants: tuple[Variant, ...]
    status: Status
    started_at: datetime | None = None
    stopped_at: datetime | None = None
    outcome: str | None = None

    def unit_of(self, anonymous_id: UUID, customer_id: UUID | None) -> UUID | None:
        """Whom this experiment assigns; None where it looks at customers, and nobody has signed in."""
        return anonymous_id if self.unit == "browser" else customer_id

    def variant_of(self, unit: UUID) -> Variant | None:
        """The side of a unit: the same at every time and in every process. None for who is left out."""
        place = position(self.experiment_id, unit)
        beyond = 0.0
        for variant in self.variants:
            beyond += variant.share
            if place < beyond:
                return variant
        return None


def position(experiment_id: str, unit: UUID) -> float:
    """A number in [0, 1) for a unit; with the experiment's name in the hash, experiments split people independently."""
    digest = hashlib.sha256(f"{experiment_id}:{unit}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64
