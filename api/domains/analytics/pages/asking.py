"""What a dashboard is asked for in its address, the same on all of them."""

from datetime import UTC, date
from typing import Annotated

from fastapi import Depends, Query

from api.core.auth import Principal, require
from api.core.errors import Invalid
from api.domains.analytics.domain.periods import LONGEST, Period, period_of
from api.domains.analytics.service.remembered import Build

Reader = Annotated[Principal, Depends(require("figures.read"))]
Text = Annotated[str, Query(max_length=200)]


class Asked:
    """The days that were asked for: `days` up to the newest, or from one day to another."""

    def __init__(
        self,
        days: Annotated[int | None, Query(ge=1, le=LONGEST)] = None,
        first: Annotated[str, Query(alias="from", max_length=10)] = "",
        last: Annotated[str, Query(alias="until", max_length=10)] = "",
    ) -> None:
        self.days, self.first, self.last = days, _date("from", first), _date("until", last)

    @property
    def filters(self) -> dict[str, object]:
        """As they stand in the address."""
        return {"days": self.days, "from": self.first, "until": self.last}

    @property
    def preset(self) -> int | None:
        """The number of days where no dates were given."""
        return (self.days or 28) if self.first is None and self.last is None else None

    def period(self, build: Build) -> Period:
        """Days that end with the as-of time where nothing else is said. Raises Invalid."""
        try:
            return period_of(build.as_of.astimezone(UTC).date(), self.days, self.first, self.last)
        except ValueError as error:
            raise Invalid("from", str(error)) from None


def pinned(period: Period) -> dict[str, object]:
    """These days in an address, whatever the newest day is when it is opened."""
    return {"days": None, "from": period.first, "until": period.last}


def _date(name: str, value: str) -> date | None:
    """An empty field of a form is no filter."""
    if not value:
        return None
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise Invalid(name, "must be a day such as 2026-05-01") from None


AskedDep = Annotated[Asked, Depends(Asked)]
