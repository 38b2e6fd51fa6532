"""What recommendations refuse."""

from api.core.errors import Conflict, Invalid, NotFound


class ProductNeeded(Invalid):
    """What goes with a product can only be told when the product is named."""

    def __init__(self) -> None:
        super().__init__("product_id", "is needed for the surface product")


class TooManyRemovals(Conflict):
    """More is removed than a person may keep in mind."""

    type = "too-many-removals"
    title = "Too much is removed one by one; start over instead"


class NoSuchProduct(NotFound):
    """There is no such product."""


class NoSuchPost(NotFound):
    """There is no such post, or the person may not read it."""


class ExperimentNotFound(NotFound):
    """There is no such experiment."""


class ExperimentExists(Conflict):
    """A name is used once: what was assigned and counted under it cannot be told apart otherwise."""

    type = "experiment-exists"
    title = "There is an experiment of this name"


class AnotherRuns(Conflict):
    """One experiment at a time runs on a surface."""

    type = "another-experiment-runs"
    title = "Another experiment runs on this surface; stop it first"


class NotADraft(Conflict):
    """An experiment starts once."""

    type = "experiment-not-a-draft"
    title = "This experiment has been started before; define a new one"


class NotRunning(Conflict):
    """Only what runs can be stopped."""

    type = "experiment-not-running"
    title = "This experiment does not run"
