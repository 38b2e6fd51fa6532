"""Policies as everybody reads them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

Change = Literal["same", "new", "gone"]


@dataclass(frozen=True, slots=True)
class PolicyView:
    """One version of a policy. `severity` says how soon a case under it is looked at: 3 within an hour, 0 in days."""

    slug: str
    version: int
    title: str
    body: str
    severity: int
    change_note: str
    changed_by: UUID | None
    published_at: datetime

    @property
    def path(self) -> str:
        """Where this very version is read."""
        return f"/policies/{self.slug}?version={self.version}"
