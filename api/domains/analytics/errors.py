"""What analytics refuses."""

from api.core.errors import AppError, Unavailable


class MalformedBatch(AppError):
    """The body as a whole is no batch of events."""

    status = 422
    type = "malformed-batch"
    title = "The body is not a batch of events"


class ReportNotReady(Unavailable):
    """The marts have not been built yet."""

    type = "report-not-ready"
    title = "The report is being prepared"


class TooManyWatchers(Unavailable):
    """This process already keeps as many pages of the last half hour up to date as it can."""

    type = "too-many-watchers"
    title = "Live figures are not available at the moment"
