"""The values that a node's parameters have, without the node."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from emotion_bot.parameters import Parameter, ParameterError


def node_values(
    node: str,
    parameters: Iterable[Parameter],
    config: Path,
    overrides: Mapping[str, object] | None = None,
) -> dict[str, Any]:
    """Return the values by name, as a node started with its file in a folder would have them.

    Args:
        node: name of the node and of its file.
        parameters: that it declares.
        config: folder with the parameter files.
        overrides: on top of the file.

    Raises:
        ParameterError: if the file is no parameter file or a value does not fit its parameter.
    """
    chosen = {**_from_file(config / f"{node}.yaml", node), **(overrides or {})}
    return {
        parameter.name: _fitting(node, parameter, chosen.get(parameter.name, parameter.default))
        for parameter in parameters
    }


def _from_file(path: Path, node: str) -> dict[str, object]:
    if not path.is_file():
        return {}
    try:
        contents = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        values: dict[str, object] = {}
        for key, entry in contents.items():
            if key.rsplit("/", 1)[-1] in (node, "**"):
                values.update(entry["ros__parameters"])
    except (yaml.YAMLError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise ParameterError(f"{path} is no file of ROS parameters: {error}") from error
    return values


def _fitting(node: str, parameter: Parameter, value: object) -> object:
    name = f"parameter {node}.{parameter.name}"
    if type(value) is not type(parameter.default):
        raise ParameterError(f"{name} must be a {type(parameter.default).__name__}, got {value!r}")
    if isinstance(value, (int, float)) and parameter.minimum is not None:
        assert parameter.maximum is not None  # noqa: S101
        if not parameter.minimum <= value <= parameter.maximum:
            raise ParameterError(
                f"{name} must be in [{parameter.minimum}, {parameter.maximum}], got {value}"
            )
    if parameter.choices and value not in parameter.choices:
        raise ParameterError(f"{name} must be one of {', '.join(parameter.choices)}, got {value!r}")
    return value
