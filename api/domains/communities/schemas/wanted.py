"""JSON of what people keep, and of what they do not want to see."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field


class Silence(BaseModel):
    """mute: their words are out of your sight; block: and they answer and mention you no more."""

    kind: Literal["block", "mute"]


class Silenced(BaseModel):
    """Somebody whose words you do not want to see."""

    handle: str
    kind: Literal["block", "mute"]
    since: datetime


class Filters(BaseModel):
    """Words: posts with one of them in the title are in no list of yours."""

    terms: list[Annotated[str, Field(max_length=200)]] = Field(max_length=50)
