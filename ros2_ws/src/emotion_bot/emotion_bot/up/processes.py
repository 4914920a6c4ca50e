"""Turning the graph into processes of this Python environment."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Mapping
from pathlib import Path

import psutil

from emotion_bot.graph import Host, NodeSpec, default_environment
from emotion_bot.supervision import SUPERVISOR_VARIABLE
from emotion_bot.transport import has_static_peers
from emotion_bot.up.supervisor import ProcessSpec

_NODE_NAME = "__node:="


def config_directory() -> Path:
    """Return the folder with the parameter files.

    Raises:
        FileNotFoundError: if neither an installed nor a source folder exists.
    """
    prefixes = filter(None, os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep))
    candidates = [Path(prefix, "share", "emotion_bot", "config") for prefix in prefixes]
    candidates.append(Path(__file__).resolve().parents[2] / "config")
    for candidate in candidates:
        if candidate.is_dir():
            return candidate
    raise FileNotFoundError(f"no folder with parameter files; tried {candidates}")


def node_process(
    spec: NodeSpec, namespace: str, config: Path, environment: Mapping[str, str]
) -> ProcessSpec:
    """Return the process that runs a node.

    Args:
        spec: the node.
        namespace: prefix of all its relative names; empty for none.
        config: folder with the parameter files.
        environment: of the calling process.
    """
    command = [sys.executable, "-m", spec.module, "--ros-args", "-r", _NODE_NAME + spec.name]
    if namespace:
        command += ["-r", f"__ns:=/{namespace.strip('/')}"]
    for source, target in spec.remappings:
        command += ["-r", f"{source}:={target}"]
    parameter_file = config / spec.parameter_file
    if parameter_file.is_file():
        command += ["--params-file", str(parameter_file)]
    for name, value in spec.parameters.items():
        command += ["-p", f"{name}:={_yaml_scalar(value)}"]
    return ProcessSpec(
        spec.name,
        command,
        {
            **default_environment(str(config)),
            **environment,
            SUPERVISOR_VARIABLE: str(os.getpid()),
            "PYTHONUNBUFFERED": "1",
        },
    )


def use_default_environment(host: Host = Host.ALL) -> None:
    """Give this process what nodes have, so that both meet; a variable that is set wins."""
    variables = default_environment(str(config_directory()), host, has_static_peers())
    for name, value in variables.items():
        os.environ.setdefault(name, value)


def running_nodes(process_id: int) -> dict[str, psutil.Process]:
    """Return the nodes that a program has started with `node_process`, by name.

    Args:
        process_id: of the program; one that has ended has no nodes.
    """
    found: dict[str, psutil.Process] = {}
    with contextlib.suppress(psutil.NoSuchProcess):
        for child in psutil.Process(process_id).children():
            with contextlib.suppress(psutil.Error):
                names = [a for a in child.cmdline() if a.startswith(_NODE_NAME)]
                found |= {name.removeprefix(_NODE_NAME): child for name in names}
    return found


def _yaml_scalar(value: bool | int | float | str) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        # Quoted, because rcl reads the value as YAML: 'none' or '0' must stay strings.
        return "'" + value.replace("'", "''") + "'"
    return repr(value)
