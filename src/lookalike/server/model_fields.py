"""Models for OpenAPI with the fields of dataclasses, and the descriptions from their docstrings."""

from __future__ import annotations

import re
from dataclasses import fields
from typing import TYPE_CHECKING, Any, TypeVar, get_type_hints

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field, create_model

from ..client import JSON_FIELDS

if TYPE_CHECKING:
    from collections.abc import Callable

# Fields that JSON names and writes differently than Python.
DESCRIPTIONS = {
    "bytes": "size of the file; -1 if unknown",
    "id": "content hash of the file, 32 hexadecimal digits",
    "mtime": "time of the last change, ISO 8601 in UTC; null if unknown",
}
Model = TypeVar("Model", bound=BaseModel)


def fields_of(kind: Any, *, without: str = "") -> Callable[[type[Model]], type[Model]]:
    """Add a dataclass's fields to a model, except those that the model declares itself.

    Args:
        kind: the dataclass.
        without: name of a field that JSON leaves out.
    """
    hints = get_type_hints(kind, localns={"np": np, "NDArray": NDArray})
    descriptions = _descriptions(kind)

    def add(model: type[Model]) -> type[Model]:
        definitions: dict[str, Any] = {}
        for field in fields(kind):
            key, hint = JSON_FIELDS.get(field.name, (field.name, hints[field.name]))[:2]
            if key not in model.model_fields and field.name != without:
                description = DESCRIPTIONS.get(key) or descriptions.get(field.name)
                definitions[key] = (hint, Field(description=description))
        return create_model(
            model.__name__,
            __base__=model,
            __doc__=model.__doc__,
            __module__=model.__module__,
            **definitions,
        )

    return add


def _descriptions(kind: Any) -> dict[str, str]:
    """Read the descriptions of attributes from a Google-style docstring."""
    section = (kind.__doc__ or "").partition("Attributes:\n")[2]
    pairs = re.findall(r"^ {8}(\w+): (.+(?:\n {12}.+)*)", section, re.MULTILINE)
    return {name: " ".join(text.split()).rstrip(".") for name, text in pairs}
