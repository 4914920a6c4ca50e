"""Reading the one file a person edits, with errors that say what to change."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

import annotated_types
import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from emotion_core.affect import LABELS
from emotion_core.behaviour.reactions import LONGEST_SENTENCE, Reactions, check_colour


class ReactionsError(ValueError):
    """A reactions file cannot be used; the message names file, key and what is permitted."""


def load_reactions(path: Path, base: Path | None = None) -> Reactions:
    """Read and check a reactions file.

    Args:
        path: YAML.
        base: complete file that supplies what ``path`` leaves out; None when ``path`` is complete.

    Raises:
        ReactionsError: if a file cannot be read or does not follow the rules.
    """
    values = _read(path)
    merged = values if base is None else _merge(_read(base), values)
    try:
        return Reactions.model_validate(merged)
    except ValidationError as error:
        first, *rest = error.errors()
        faulty = path if base is None or _holds(values, first["loc"]) else base
        more = f" (and {len(rest)} more)" if rest else ""
        raise ReactionsError(f"{faulty}: {_explain(first)}{more}") from error


def _read(path: Path) -> Mapping[str, Any]:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ReactionsError(f"{path}: cannot be read: {error}") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" line {mark.line + 1}:" if mark else ""
        reason = getattr(error, "problem", None) or str(error)
        raise ReactionsError(f"{path}:{line} no valid YAML: {reason}") from error
    if not isinstance(content, dict):
        raise ReactionsError(f"{path}: must hold keys and values")
    return content


def _merge(base: Mapping[str, Any], overlay: Mapping[str, Any]) -> dict[str, Any]:
    """Return the base with the overlay's values; mappings are merged key by key."""
    merged = dict(base)
    for key, value in overlay.items():
        below = merged.get(key)
        if isinstance(below, dict) and isinstance(value, dict | None):
            merged[key] = _merge(below, value or {})
        else:
            merged[key] = value
    return merged


def _holds(values: Any, location: tuple[int | str, ...]) -> bool:
    """Tell whether nested mappings and lists have something at a location."""
    for step in location:
        if step == "[key]":
            return True
        try:
            values = values[step]
        except (KeyError, IndexError, TypeError):
            return False
    return True


def _explain(error: ErrorDetails) -> str:
    """Return an error as "key is X, permitted: ..."."""
    location = tuple(step for step in error["loc"] if step != "[key]")
    key = ".".join(str(step) for step in location)
    given = error["input"]
    permitted = _permitted(Reactions, location)
    match error["type"]:
        case "missing":
            return f"{key} is missing; permitted: {permitted}"
        case "extra_forbidden":
            return f"{key} is not known; permitted: {_permitted(Reactions, location[:-1])}"
        case "enum":
            return f"{key} is not known; permitted: {', '.join(LABELS)}"
        case "value_error":
            return f"{key} {error['msg'].removeprefix('Value error, ')}"
    hint = ""
    if given is None:
        hint = " (nothing: a colour needs quotes, because # starts a comment)"
    return f"{key} is {given!r}{hint}; permitted: {permitted}"


def _permitted(model: type[BaseModel], location: tuple[int | str, ...]) -> str:
    """Describe the values that the file may hold at a location."""
    annotation: Any = model
    metadata: list[Any] = []
    for step in location:
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            field = annotation.model_fields.get(str(step))
            if field is None:
                return "nothing"
            annotation, metadata = field.annotation, list(field.metadata)
            continue
        *_, annotation = (item for item in get_args(annotation) if item is not Ellipsis)
        annotation, *metadata = get_args(annotation) or (annotation,)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return ", ".join(annotation.model_fields)
    return _describe(annotation, metadata)


def _describe(annotation: Any, metadata: list[Any]) -> str:
    if annotation is str:
        if any(getattr(item, "func", None) is check_colour for item in metadata):
            return 'a colour in quotes, "#rrggbb"'
        return f"a text of at most {LONGEST_SENTENCE} characters"
    bounds: dict[str, Any] = {}
    for item in metadata:
        for entry in getattr(item, "metadata", None) or [item]:
            if isinstance(entry, annotated_types.Ge):
                bounds["least"] = entry.ge
            elif isinstance(entry, annotated_types.Le):
                bounds["most"] = entry.le
    if bounds:
        kind = "a whole number" if annotation is int else "a number"
        return f"{kind} from {bounds['least']:g} to {bounds['most']:g}"
    return "a list of texts" if "tuple" in str(annotation) else "keys and values"
