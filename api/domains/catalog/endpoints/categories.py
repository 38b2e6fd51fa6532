"""JSON of the category tree: a level at a time for everybody, kept by operators."""

from typing import Annotated

import orjson
from fastapi import Depends, Path, Response

from api.core.access import open_to_all
from api.core.auth import Principal, require
from api.core.db import ReadDep
from api.core.routing import Router
from api.domains.catalog.schemas import CategoryBranchOut, CategoryCreate, CategoryRename, CategoryTree
from api.domains.catalog.service import categories, products

router = Router(prefix="/v1", tags=["catalog"])
Operator = Annotated[Principal, Depends(require("catalog.manage"))]
NodePath = Annotated[str, Path(max_length=1010, pattern="^[a-z0-9-]+(/[a-z0-9-]+){0,9}$")]


@router.get("/categories", response_model=CategoryTree)
@open_to_all
async def list_categories(reader: ReadDep) -> Response:
    """Departments and their categories, each with its number of products."""
    return _json({"departments": await products.departments(reader)})


@router.get("/categories/{path:path}", response_model=CategoryBranchOut)
@open_to_all
async def get_category(path: NodePath, reader: ReadDep) -> Response:
    """A node of the tree, those above it and those directly below it."""
    return _json(await categories.branch(reader, path))


@router.post("/operate/categories", status_code=201, response_model=CategoryBranchOut)
async def add_category(body: CategoryCreate, operator: Operator, reader: ReadDep) -> Response:
    """A node below `parent`, or at the top. 409 when its address is taken."""
    path = await categories.add(operator.customer_id, body.parent, body.name)
    return _json(await categories.branch(reader, path), 201)


@router.put("/operate/categories/{path:path}", response_model=CategoryBranchOut)
async def rename_category(path: NodePath, body: CategoryRename, operator: Operator, reader: ReadDep) -> Response:
    """Another name at the same address."""
    await categories.rename(operator.customer_id, path, body.name)
    return _json(await categories.branch(reader, path))


@router.delete("/operate/categories/{path:path}", status_code=204)
async def remove_category(path: NodePath, operator: Operator) -> Response:
    """Take out an empty node. 409 while products or other categories stand there."""
    await categories.remove(operator.customer_id, path)
    return Response(status_code=204)


def _json(value: object, status: int = 200) -> Response:
    return Response(orjson.dumps(value), status, media_type="application/json")
