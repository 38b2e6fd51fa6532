"""What of an event tells about a person. Everything that is not marked with one of these tells about a thing."""

from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

MARK = "x-personal-data"
# Why each is marked: erasure looks for identifiers, and whoever may not see people sees none of the three.
KINDS = {
    "identifier": "points to one person or browser",
    "attribute": "is what a person said about themselves",
    "behaviour": "is what a person wrote, read or looked for",
}

CustomerId = Annotated[UUID, Field(json_schema_extra={MARK: "identifier"})]
AnonymousId = Annotated[UUID, Field(json_schema_extra={MARK: "identifier"})]
Attribute = Annotated[str, Field(json_schema_extra={MARK: "attribute"})]
Searched = Annotated[str, StringConstraints(max_length=200), Field(json_schema_extra={MARK: "behaviour"})]
Visited = Annotated[str, StringConstraints(max_length=2000), Field(json_schema_extra={MARK: "behaviour"})]
