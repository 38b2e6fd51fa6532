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
