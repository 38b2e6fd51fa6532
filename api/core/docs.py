"""The API's own manual: OpenAPI 3.1 at /openapi.json, drawn by Swagger UI at /docs without any other host."""

import base64
import hashlib
import re
from functools import partial
from importlib.resources import files
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles
from pydantic import BaseModel

from api.core.access import TOKEN, open_to_all

ASSETS = "/docs/assets"


def install(app: FastAPI) -> None:
    """Mount the page, and its files from the package that carries them."""
    page = bytes(
        get_swagger_ui_html(
            openapi_url=app.openapi_url or "/openapi.json",
            title=f"{app.title} · API",
            swagger_js_url=f"{ASSETS}/swagger-ui-bundle.js",
            swagger_css_url=f"{ASSETS}/swagger-ui.css",
            swagger_favicon_url=f"{ASSETS}/favicon.png",
        ).body
    )
    app.openapi = partial(_openapi, app)  # type: ignore[method-assign]
    headers = {"content-security-policy": _policy(page.decode())}

    @open_to_all
    async def docs() -> HTMLResponse:
        return HTMLResponse(page, headers=headers)

    app.mount(ASSETS, StaticFiles(directory=str(files("fastapi_offline") / "static")), name="docs-assets")
    app.add_api_route("/docs", docs, include_in_schema=False)


class FieldProblem(BaseModel):
    """What is wrong with one field."""

    field: str
    reason: str


class Problem(BaseModel):
    """RFC 9457: `type` is stable and meant for programs, `title` and `detail` for people."""

    type: str
    title: str
    status: int
    detail: str | None = None
    instance: str | None = None
    trace_id: str | None = None
    errors: list[FieldProblem] | None = None


PROBLEMS: dict[int | str, dict[str, Any]] = {
    "4XX": {"model": Problem, "description": "Refused; `type` says why."},
    422: {"model": Problem, "description": "Fields that cannot be used, each with its reason."},
}


def _openapi(app: FastAPI) -> dict[str, Any]:
    """FastAPI's schema, with the way to sign in and the media type that problems really have."""
    if app.openapi_schema is None:
        schema = FastAPI.openapi(app)
        schemes = schema.setdefault("components", {}).setdefault("securitySchemes", {})
        schemes[TOKEN] = {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
        for path in schema["paths"].values():
            for operation in path.values():
                for code in ("4XX", "422"):
                    content = operation.get("responses", {}).get(code, {}).get("content", {})
                    if "application/json" in content:
                        content["application/problem+json"] = content.pop("application/json")
        app.openapi_schema = schema
    return app.openapi_schema


def _policy(page: str) -> str:
    """Only the page's own inline script may run, known by its hash; Swagger UI needs inline styles."""
    scripts = re.findall(r"<script>(.*?)</script>", page, flags=re.DOTALL)
    hashes = " ".join(
        f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'" for script in scripts
    )
    return (
        f"default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; script-src 'self' {hashes};"
        " object-src 'none'; base-uri 'none'; frame-ancestors 'none'"
    )
