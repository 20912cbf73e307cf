"""What the API is: its OpenAPI document, and a page to read made from that."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib.metadata import version
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.openapi.utils import get_openapi
from fastapi.responses import Response

from peel.web.api import intake
from peel.web.api.answering import encoded
from peel.web.rendering import page
from peel.web.security.visitors import Anybody

router = APIRouter(include_in_schema=False)

_ABOUT = (
    "What the pages of `peel serve` do, for programs: JSON in and out. Send an API token as `Authorization: Bearer "
    "TOKEN`; a server on loopback without users needs none. A failure is an object with a sentence in `detail`. "
    "Lists are bounded; their `next` is what the next request goes on from."
)
_SECURITY = {
    "token": {"type": "http", "scheme": "bearer", "description": "An API token, made by an admin; see docs/api.md."}
}
_METHODS = ("get", "post", "put", "patch", "delete")


@router.get("/api/openapi.json")
def openapi(request: Request) -> Response:
    """The OpenAPI document."""
    return Response(encoded(document(request.app)), media_type="application/json")


@router.get("/api/docs")
def read(request: Request, visitor: Anybody) -> Response:
    """The same, to be read."""
    made = document(request.app)
    return page(
        request,
        visitor,
        "api.html",
        about=_ABOUT,
        base=str(request.base_url),
        groups=_groups(made),
        records=_records(made),
    )


def document(app: FastAPI) -> dict[str, Any]:
    """The description of the application's API; made once."""
    if not hasattr(app.state, "api_document"):
        app.state.api_document = _made(app)
    kept: dict[str, Any] = app.state.api_document
    return kept


def _made(app: FastAPI) -> dict[str, Any]:
    made = get_openapi(
        title="PEEL",
        version=version("peel-testbed"),
        description=_ABOUT,
        routes=app.routes,
        # What a browser does with a cookie, a program does with a token; without users neither is asked for.
    )
    made.setdefault("components", {})["securitySchemes"] = _SECURITY
    made["components"].setdefault("schemas", {}).update(intake.schemas())
    made["security"] = [{"token": []}, {}]
    for path in made["paths"].values():
        for method in _METHODS:
            if method in path:
                path[method]["operationId"] = path[method]["operationId"].partition("_api_")[0]
    return made


def _groups(made: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """The operations by tag, each as the page shows it."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for path, methods in made["paths"].items():
        for method in _METHODS:
            if method in methods:
                operation = methods[method]
                groups.setdefault(operation["tags"][0], []).append(_operation(path, method, operation))
    return groups


def _operation(path: str, method: str, operation: Mapping[str, Any]) -> dict[str, Any]:
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    return {
        "id": operation["operationId"],
        "method": method.upper(),
        "path": path,
        "role": operation["x-role"],
        "about": operation.get("description", ""),
        "parameters": [
            {**one, "type": type_of(one["schema"]), "about": one.get("description", "")}
            for one in operation.get("parameters", ())
        ],
        "body": None if body is None else type_of(body),
        "responses": [
            {"status": status, "about": one["description"], "type": _content(one)}
            for status, one in sorted(operation["responses"].items())
        ],
    }


def _content(response: Mapping[str, Any]) -> str:
    kinds = response.get("content", {})
    schema = kinds.get("application/json", {}).get("schema") if len(kinds) == 1 else None
    return type_of(schema) if schema else ", ".join(kinds)


def _records(made: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The records, each with its fields as the page shows them."""
    schemas = made["components"]["schemas"]
    return [
        {"name": name, "about": schema.get("description", ""), "fields": list(_fields(schema))}
        for name, schema in sorted(schemas.items())
    ]


def _fields(schema: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    needed = schema.get("required", ())
    for name, field in schema.get("properties", {}).items():
        yield {"name": name, "type": type_of(field), "needed": name in needed, "about": field.get("description", "")}


def type_of(schema: Mapping[str, Any]) -> str:
    """A schema's type in a few words: a record's name, `text or null`, `list of numbers`."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "enum" in schema or "const" in schema:
        return " | ".join(map(str, schema.get("enum", [schema.get("const")])))
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(map(type_of, schema["anyOf"])))
    return _named_type(schema)


def _named_type(schema: Mapping[str, Any]) -> str:
    kind = schema.get("type")
    if kind == "array":
        return f"list of {type_of(schema.get('items', {}))}"
    if kind == "object":
        inside = schema.get("additionalProperties")
        return f"object of {type_of(inside)}" if isinstance(inside, Mapping) and inside else "object"
    return {
        "string": "text",
        "integer": "whole number",
        "number": "number",
        "boolean": "true or false",
        "null": "null",
    }.get(str(kind), "any JSON")
