"""Evaluating checks, and their results for people and for continuous integration."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from emotion_core.replay.checks import Check
from emotion_core.replay.figures import FigureError
from emotion_core.replay.run_record import RunRecord


class CheckResult(BaseModel):
    """What came of a check.

    Attributes:
        name: of the check.
        check: its kind.
        value: its figure; None when there was nothing to compute it from.
        unit: of figure and bounds; empty for a count or a share.
        min: least value that passes.
        max: greatest value that passes.
        passed: whether it does.
        message: why it does not; empty when it does.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    check: str
    value: float | None
    unit: str
    min: float | None
    max: float | None
    passed: bool
    message: str = ""


def evaluate(checks: Sequence[Check], run: RunRecord) -> list[CheckResult]:
    """Return the results of the checks on a run, in their order."""
    return [_evaluate(check, run) for check in checks]


def _evaluate(check: Check, run: RunRecord) -> CheckResult:
    value: float | None = None
    try:
        value = check.figure(run)
    except FigureError as error:
        message = str(error)
    else:
        message = _judge(check, value)
    finite = value is not None and math.isfinite(value)
    return CheckResult(
        name=check.title,
        check=check.kind,
        value=value if finite else None,
        unit=check.unit,
        min=check.min,
        max=check.max,
        passed=not message,
        message=message,
    )


def _judge(check: Check, value: float) -> str:
    unit = f" {check.unit}" if check.unit else ""
    if math.isnan(value):
        return "the figure is not a number"
    if check.min is not None and value < check.min:
        return f"{value:.4g}{unit} is less than {check.min:g}{unit}"
    if check.max is not None and value > check.max:
        text = "it never happened" if math.isinf(value) else f"{value:.4g}{unit}"
        return f"{text}, more than {check.max:g}{unit}"
    return ""


def bounds_text(result: CheckResult) -> str:
    """Return the bounds of a check as people write them, such as ``0.6 to 1`` or ``at most 6``."""
    if result.max is None:
        return f"at least {result.min:g}"
    if result.min is None:
        return f"at most {result.max:g}"
    return f"{result.min:g} to {result.max:g}"


def value_text(result: CheckResult) -> str:
    """Return the figure of a check with its unit."""
    if result.value is None:
        return "-"
    return f"{result.value:.4g} {result.unit}".rstrip()


def write_junit(results: Sequence[CheckResult], path: Path, suite: str, seconds: float) -> None:
    """Write the results as JUnit XML, one test case each.

    Args:
        results: of the checks.
        path: of the file.
        suite: name of the test suite.
        seconds: that the run took.

    Raises:
        OSError: if the file cannot be written.
    """
    failures = sum(not result.passed for result in results)
    counts = {"tests": str(len(results)), "failures": str(failures), "errors": "0"}
    root = ElementTree.Element("testsuites")
    element = ElementTree.SubElement(
        root, "testsuite", {"name": suite, "time": f"{seconds:.3f}", **counts}
    )
    for result in results:
        case = ElementTree.SubElement(
            element, "testcase", {"classname": suite, "name": result.name, "time": "0"}
        )
        if not result.passed:
            failure = ElementTree.SubElement(
                case, "failure", {"type": result.check, "message": result.message}
            )
            failure.text = f"{value_text(result)}, permitted: {bounds_text(result)}"
        output = ElementTree.SubElement(case, "system-out")
        output.text = f"{value_text(result)}, permitted: {bounds_text(result)}"
    ElementTree.indent(root)
    ElementTree.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)
