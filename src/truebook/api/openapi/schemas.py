"""Types as JSON schemas, which OpenAPI 3.1 takes as they are.

Promise: each named type is described once, under `components`; unions and lists of them refer to
it. msgspec describes single types; it takes no union of two objects, so those are put together
here.
"""

import inspect
import types
from collections.abc import Iterable
from typing import Any, Union, get_args, get_origin, is_typeddict

import msgspec

Schema = dict[str, Any]
REFERENCE = "#/components/schemas/{name}"


def schema_of(kind: object) -> Schema:
    """The schema of a type, with references to named ones."""
    if is_typeddict(kind):
        return {"$ref": REFERENCE.format(name=getattr(kind, "__name__", ""))}
    if _is_union(kind):
        return {"anyOf": [schema_of(part) for part in get_args(kind)]}
    if get_origin(kind) is list:
        return {"type": "array", "items": schema_of(get_args(kind)[0])}
    if get_origin(kind) is dict:
        return {"type": "object", "additionalProperties": schema_of(get_args(kind)[1])}
    return {} if kind is object else dict(msgspec.json.schema(kind))


def named_in(kind: object) -> Iterable[object]:
    """The named types that a type is made of, itself included."""
    if is_typeddict(kind):
        yield kind
    elif _is_union(kind) or get_origin(kind) in (list, dict):
        for part in get_args(kind):
            yield from named_in(part)


def components(kinds: Iterable[object]) -> dict[str, Schema]:
    """The schemas of named types, and of those that they refer to, by name."""
    named = {name for kind in kinds for name in named_in(kind)}
    ordered = sorted(named, key=lambda kind: str(getattr(kind, "__name__", "")))
    _, found = msgspec.json.schema_components(ordered, ref_template=REFERENCE)
    return {name: _tidy(found[name]) for name in sorted(found)}


def _is_union(kind: object) -> bool:
    return get_origin(kind) in (Union, types.UnionType)


def _tidy(schema: Schema) -> Schema:
    if "description" in schema:
        text = inspect.cleandoc(schema["description"]).replace("\n", " ")
        return schema | {"description": text}
    return schema
