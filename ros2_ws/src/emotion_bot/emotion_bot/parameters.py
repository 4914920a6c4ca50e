"""Declaring ROS parameters with type, range and description in one line each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor
from rclpy.exceptions import InvalidParameterTypeException, InvalidParameterValueException
from rclpy.node import Node


class ParameterError(ValueError):
    """A parameter has the wrong type or lies outside its range; the message names it."""


@dataclass(frozen=True)
class Parameter:
    """One read-only parameter of a node.

    Attributes:
        name: ROS name.
        default: value without override; its type is the parameter's type.
        description: what it does, with its unit.
        minimum: smallest permitted number.
        maximum: largest permitted number.
        choices: permitted strings; empty for any.
    """

    name: str
    default: bool | int | float | str
    description: str
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()

    def descriptor(self) -> ParameterDescriptor:
        """Return the ROS descriptor, so that `ros2 param describe` shows range and text."""
        descriptor = ParameterDescriptor(
            description=self.description,
            read_only=True,
            additional_constraints=f"one of {', '.join(self.choices)}" if self.choices else "",
        )
        if self.minimum is not None and self.maximum is not None:
            if isinstance(self.default, float):
                descriptor.floating_point_range = [
                    FloatingPointRange(from_value=float(self.minimum), to_value=float(self.maximum))
                ]
            else:
                descriptor.integer_range = [
                    IntegerRange(from_value=int(self.minimum), to_value=int(self.maximum))
                ]
        return descriptor


def declare(node: Node, parameters: Iterable[Parameter]) -> Mapping[str, Any]:
    """Declare the parameters on the node and return their values by name.

    Raises:
        ParameterError: if an override has the wrong type or is out of range.
    """
    values = {}
    for parameter in parameters:
        try:
            declared = node.declare_parameter(
                parameter.name, parameter.default, parameter.descriptor()
            )
        except (InvalidParameterTypeException, InvalidParameterValueException) as error:
            permitted = (
                f"a {type(parameter.default).__name__} in "
                f"[{parameter.minimum}, {parameter.maximum}]"
                if parameter.minimum is not None
                else f"a {type(parameter.default).__name__}"
            )
            raise ParameterError(
                f"parameter {node.get_name()}.{parameter.name} must be {permitted}: {error}"
            ) from error
        if parameter.choices and declared.value not in parameter.choices:
            raise ParameterError(
                f"parameter {node.get_name()}.{parameter.name} is {declared.value!r}, "
                f"but must be one of {', '.join(parameter.choices)}"
            )
        values[parameter.name] = declared.value
    return values
