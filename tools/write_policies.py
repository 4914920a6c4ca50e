"""Writes the SROS2 policy file of every node from what the running nodes have, or checks the files.

.venv/bin/python tools/write_policies.py [--check]
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from emotion_bot.graph import BringUpOptions, Host, NodeSpec, build_graph
from emotion_bot.security import (
    POLICY_SUFFIX,
    Profile,
    observed_profile,
    policy_text,
    read_policy,
)
from emotion_bot.supervision import EXIT_BAD_CONFIGURATION
from emotion_bot.up.processes import config_directory, node_process, use_default_environment
from emotion_bot.up.supervisor import Supervisor

FOLDER = Path(__file__).parents[1] / "ros2_ws/src/emotion_bot/config/security"

SOMETIMES = {
    # With other parameters: raw images, files whose frames wait for their answers.
    "camera": Profile(publish=frozenset({"image_raw"}), subscribe=frozenset({"faces"})),
    "microphone": Profile(subscribe=frozenset({"recording_origin", "voice"})),
    # While somebody watches.
    "dashboard": Profile(subscribe=frozenset({"image_raw"})),
}
"""What a node has only at times, and is not seen here."""

HUMANS = "humans"
HUMANS_PROFILE = Profile(
    publish=frozenset({"/humans/*"}),
    subscribe=frozenset({"faces", "expression", "voice", "speech", "speaker"}),
)
"""Of the node that runs only where hri_msgs is installed, and whose topics come and go."""

_START_SECONDS = 90.0
_POLL_SECONDS = 0.25
_STEADY_POLLS = 8
"""Discovery is over when so many looks have shown the same."""

_DEVICES = ("camera", "microphone", "head")


def main() -> int:
    """Write or check; 1 when a file does not fit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, tell differences")
    check: bool = parser.parse_args().check
    with tempfile.TemporaryDirectory() as name:
        profiles = observed(Path(name))
    common = Profile(*(frozenset.intersection(*rights) for rights in _rights(profiles)))
    profiles[HUMANS] = HUMANS_PROFILE | common
    wrong = 0
    for node, profile in profiles.items():
        path = FOLDER / f"{node}{POLICY_SUFFIX}"
        text = policy_text(node, profile | SOMETIMES.get(node, Profile()))
        if not check:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        elif difference := _difference(path, text, node):
            wrong += 1
            print(f"{path.name}: {difference}")  # noqa: T201
    if superfluous := {p.name.removesuffix(POLICY_SUFFIX) for p in FOLDER.iterdir()} - {*profiles}:
        wrong += 1
        print(f"policies of nodes that do not exist: {', '.join(sorted(superfluous))}")  # noqa: T201
    return 1 if wrong else 0


def observed(folder: Path) -> dict[str, Profile]:
    """Start every node, with devices closed, and return what each of them has.

    Args:
        folder: where they may write.
    """
    os.environ["ROS_DOMAIN_ID"] = str(1 + os.getpid() % 100)
    config = config_directory()
    use_default_environment()
    import rclpy

    specs = _specs(folder)
    environment = {**os.environ, "XDG_DATA_HOME": str(folder)}
    supervisor = Supervisor(
        [node_process(spec, "", config, environment) for spec in specs],
        respawn_delay=1.0,
        fatal_status=EXIT_BAD_CONFIGURATION,
    )
    rclpy.init(args=[])
    observer = rclpy.create_node("policy_observer")
    supervisor.start(time.monotonic())
    try:
        seen: dict[str, Profile] = {}
        steady = 0
        deadline = time.monotonic() + _START_SECONDS
        while steady < _STEADY_POLLS and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)
            supervisor.poll(time.monotonic())
            missing = {spec.name for spec in specs} - set(observer.get_node_names())
            if missing:
                steady = 0
                continue
            now = {spec.name: observed_profile(observer, spec.name) for spec in specs}
            steady = steady + 1 if now == seen else 0
            seen = now
        if steady < _STEADY_POLLS:
            raise SystemExit("the nodes did not come up")
        return seen
    finally:
        supervisor.stop()
        observer.destroy_node()
        rclpy.try_shutdown()


def _specs(folder: Path) -> list[NodeSpec]:
    options = BringUpOptions(
        head="virtual", mic="device", speak=True, record=str(folder / "bag"), consent=True
    )
    specs = {
        spec.name: spec
        for changes in ({}, {"dashboard": False})
        for host in (Host.ROBOT, Host.WORKSTATION)
        for spec in build_graph(replace(options, host=host, **changes))
    }
    for name in _DEVICES:
        parameters = {**specs[name].parameters, "autostart": False}
        specs[name] = replace(specs[name], parameters=parameters)
    dashboard = specs["dashboard"]
    specs["dashboard"] = replace(dashboard, parameters={**dashboard.parameters, "port": 0})
    return list(specs.values())


def _rights(profiles: dict[str, Profile]) -> Iterator[list[frozenset[str]]]:
    for right in ("publish", "subscribe", "reply", "request"):
        yield [getattr(profile, right) for profile in profiles.values()]


def _difference(path: Path, text: str, node: str) -> str:
    if not path.is_file():
        return "missing"
    has, needs = read_policy(path.read_text(encoding="utf-8"))[node], read_policy(text)[node]
    if has == needs:
        return ""
    return f"lacks {needs - has}, permits needlessly {has - needs}"


if __name__ == "__main__":
    sys.exit(main())
