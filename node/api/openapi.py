"""The OpenAPI 3.1 file of the API, made from the route table.

Nothing in it is written twice: what the server checks and what the file says come
from the same fields.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from node.api.fields import Field
from node.api.routes import ROUTES, KeyType, Route

API_VERSION: Final = "1.0.0"

_KEY_SCHEMAS: Final[dict[str, dict[str, Any]]] = {
    "string": {"type": "string"},
    "integer": {"type": "integer"},
    "number": {"type": "number"},
    "boolean": {"type": "boolean"},
    "strings": {"type": "array", "items": {"type": "string"}},
    "object": {"type": "object"},
    "objects": {"type": "array", "items": {"type": "object"}},
}
_PATH_TEXTS: Final = {
    "proposal": "A change of the rules: its id, or a unique prefix of 8 or more characters.",
    "thing": "Id of a thing, or 8 or more of its first characters; where two members' things "
    "have the same id, THING@MEMBER.",
    "flatmate": "A flatmate, by the short name in `flatmate` of the list.",
    "loan": "Id of a loan, or 8 or more of its first characters.",
    "member": "Id of a member, or 8 or more of its first characters.",
}
_ERRORS: Final = {
    "400": "The request is not understood: one sentence says which field and why.",
    "401": "The token of the data directory is missing or wrong.",
    "403": "The Host header names another computer.",
    "404": "There is no such thing, loan or member, as far as this node can see.",
    "409": "Refused: one sentence says why. Nothing was changed.",
}


@cache
def document() -> dict[str, Any]:
    """The whole file."""
    paths: dict[str, dict[str, Any]] = {}
    for route in ROUTES:
        paths.setdefault(f"/api/v1{route.path}", {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Open House node",
            "version": API_VERSION,
            "description": "The local API of one member's node. Ids are lowercase hex. "
            "Dates are ISO 8601 without a time zone: as written on the wall where the thing is.",
            "license": {"name": "AGPL-3.0-or-later", "identifier": "AGPL-3.0-or-later"},
        },
        "paths": paths,
        "security": [{"token": []}],
        "components": {
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "The content of the file `token` in the data directory.",
                }
            },
            "schemas": {"Error": _error_schema()},
            "responses": {
                f"Error{status}": {
                    "description": text,
                    "content": _json({"$ref": "#/components/schemas/Error"}),
                }
                for status, text in _ERRORS.items()
            },
        },
    }


def _operation(route: Route) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": f"{route.method.lower()}_{route.name.replace(' ', '_')}",
        "summary": route.summary,
        "parameters": _path_parameters(route) + [_query_parameter(field) for field in route.query],
        "responses": {
            "200": {"description": "Done.", "content": _json(_answer_schema(route))},
            **{status: {"$ref": f"#/components/responses/Error{status}"} for status in _ERRORS},
        },
    }
    if route.body:
        required = [field.name for field in route.body if field.required]
        schema: dict[str, Any] = {
            "type": "object",
            "properties": {field.name: field.schema() for field in route.body},
            "additionalProperties": False,
        }
        if required:
            schema["required"] = required
        operation["requestBody"] = {"required": bool(required), "content": _json(schema)}
    return operation


def _path_parameters(route: Route) -> list[dict[str, Any]]:
    names = [part[1:-1] for part in route.path.split("/") if part.startswith("{")]
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": _PATH_TEXTS[name],
            "schema": {"type": "string"},
        }
        for name in names
    ]


def _query_parameter(field: Field) -> dict[str, Any]:
    schema = field.schema()
    return {
        "name": field.name,
        "in": "query",
        "required": field.required,
        "description": schema.pop("description"),
        "schema": schema,
    }


def _answer_schema(route: Route) -> dict[str, Any]:
    """Keys named are stable; more may be added."""
    keys = {
        "type": "object",
        "properties": {name: key_schema(key_type) for name, key_type in route.answer.items()},
        "required": list(route.answer),
    }
    return {"type": "array", "items": keys} if route.gives_list else keys


def key_schema(key_type: KeyType) -> dict[str, Any]:
    """A key's type as JSON Schema; "?" may be null."""
    schema = dict(_KEY_SCHEMAS[key_type.rstrip("?")])
    if key_type.endswith("?"):
        schema["type"] = [schema["type"], "null"]
    return schema


def _error_schema() -> dict[str, Any]:
    texts = {"code": {"type": "string"}, "message": {"type": "string"}}
    error = {"type": "object", "properties": texts, "required": list(texts)}
    return {"type": "object", "properties": {"error": error}, "required": ["error"]}


def _json(schema: dict[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}
