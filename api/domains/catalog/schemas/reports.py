"""JSON of reports."""

from pydantic import BaseModel, Field


class Report(BaseModel):
    """What a reader says against something: the slug of a policy, and words for moderators alone."""

    policy: str = Field(pattern=r"^[a-z][a-z0-9-]{1,49}$")
    words: str = Field("", max_length=1000)
