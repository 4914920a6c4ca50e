"""Playing a bag into the real nodes over DDS."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import Final

import rclpy
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.signals import SignalHandlerOptions

from emotion_bot import topics
from emotion_bot.graph import (
    EVERY_FRAME,
    EXTERNAL_SOURCE,
    RESPAWN_DELAY_SECONDS,
    BringUpOptions,
    NodeSpec,
    build_graph,
)
from emotion_bot.replay.bag_inputs import camera_on_head, find_inputs
from emotion_bot.replay.player import HEARD_JOINT_STATES, Player, PlayerError
from emotion_bot.supervision import EXIT_BAD_CONFIGURATION
from emotion_bot.up.processes import config_directory, node_process, use_default_environment
from emotion_bot.up.supervisor import Supervisor
from emotion_core.replay.bag_reader import BagReader
from emotion_core.replay.run_record import RunRecord

REPLAYED: Final = ("head", "faces", "emotion", "gaze")
"""Nodes that a bag is played to."""

_READY_SECONDS = 40.0
_SETTLING_SECONDS = 1.0
_POLL_SECONDS = 0.05


@dataclass(frozen=True)
class DdsReplay:
    """What a replay into the nodes amounts to.

    Attributes:
        run: what they answered.
        lost: answers that never came, by topic.
        duration: of the bag, s.
        elapsed: what the replay took, s.
        resent: frames that were lost on the way and sent again.
        restarts: of nodes that died, by name.
    """

    run: RunRecord
    lost: dict[str, int]
    duration: float
    elapsed: float
    resent: int
    restarts: dict[str, int]

    @property
    def realtime_factor(self) -> float:
        """How many times faster than real time."""
        return self.duration / self.elapsed if self.elapsed > 0 else 0.0


def replayed_nodes(bag: BagReader) -> tuple[NodeSpec, ...]:
    """Return the nodes that a bag is played to: they run by its time, with a virtual head.

    What was recorded is not made anew: neither pictures, nor the angles of a recorded head, nor
    postures.
    """
    recorded = find_inputs(bag).values()
    graph = build_graph(BringUpOptions(source=EXTERNAL_SOURCE, head="virtual"))
    return tuple(
        _by_bag_time(spec, bag, topics.JOINT_STATES in recorded)
        for spec in graph
        if spec.name in REPLAYED
    )


def _by_bag_time(spec: NodeSpec, bag: BagReader, recorded_head: bool) -> NodeSpec:
    parameters = {**spec.parameters, "use_sim_time": True}
    remappings = spec.remappings
    if spec.name == "faces":
        parameters |= EVERY_FRAME
    if spec.name == "gaze":
        parameters["camera_on_head"] = camera_on_head(bag)
    if spec.name == "head" and recorded_head:
        remappings = (*remappings, (topics.JOINT_STATES, HEARD_JOINT_STATES))
    return replace(spec, parameters=parameters, remappings=remappings)


def replay_over_dds(
    bag: BagReader,
    rate: float,
    *,
    namespace: str = "",
    start_nodes: bool = True,
    going_on: Callable[[], bool] = lambda: True,
    on_output: Callable[[str, str], None] = lambda _name, _line: None,
) -> DdsReplay:
    """Play a bag to the nodes and return what they answered.

    Time stands still while a frame lacks its faces or more than a few other answers are owed, so
    that nothing is lost on a computer that is too slow for the rate.

    Args:
        bag: open.
        rate: how many times faster than real time.
        namespace: of the nodes.
        start_nodes: whether to start them; otherwise they run already, with use_sim_time.
        going_on: asked often; False ends the replay.
        on_output: takes the lines that the nodes print.

    Raises:
        BagError: if the bag holds no frames or is damaged.
        PlayerError: if the nodes do not come up, or a running robot is in the way.
        ProcessFailedError: if a node cannot work as it is configured.
    """
    config = config_directory()
    use_default_environment()
    specs = replayed_nodes(bag) if start_nodes else ()
    supervisor = Supervisor(
        [node_process(spec, namespace, config, os.environ) for spec in specs],
        respawn_delay=RESPAWN_DELAY_SECONDS,
        fatal_status=EXIT_BAD_CONFIGURATION,
        on_output=on_output,
    )
    with _spinning_player(bag, rate, namespace) as player:
        try:
            supervisor.start(time.monotonic())
            _wait_for_nodes(player, supervisor, len(specs), going_on)
            started = time.monotonic()
            player.play(
                wait_for_answers=start_nodes or player.will_be_answered(),
                going_on=_watching(supervisor, going_on),
            )
            elapsed = time.monotonic() - started
        finally:
            supervisor.stop()
    return DdsReplay(
        player.answers.finish(),
        player.answers.lost(),
        bag.duration,
        elapsed,
        player.resent,
        supervisor.restarts,
    )


def _watching(supervisor: Supervisor, going_on: Callable[[], bool]) -> Callable[[], bool]:
    def check() -> bool:
        supervisor.poll(time.monotonic())
        return going_on()

    return check


def _wait_for_nodes(
    player: Player, supervisor: Supervisor, nodes: int, going_on: Callable[[], bool]
) -> None:
    """Wait until everybody has been there for a while: the nodes have to find each other too."""
    deadline = time.monotonic() + _READY_SECONDS
    complete_since: float | None = None
    while complete_since is None or time.monotonic() - complete_since < _SETTLING_SECONDS:
        missing = player.missing(nodes)
        if missing and (time.monotonic() > deadline or not going_on()):
            raise PlayerError(f"the nodes did not come up: nobody on {', '.join(missing)}")
        if rivals := player.rivals():
            raise PlayerError(
                f"somebody else publishes {', '.join(rivals)}: a robot is running. "
                "Use another ROS_DOMAIN_ID or --namespace"
            )
        if missing:
            complete_since = None
        elif complete_since is None:
            complete_since = time.monotonic()
        supervisor.poll(time.monotonic())
        player.tell_time()
        time.sleep(_POLL_SECONDS)


@contextmanager
def _spinning_player(bag: BagReader, rate: float, namespace: str) -> Iterator[Player]:
    rclpy.init(args=None, signal_handler_options=SignalHandlerOptions.NO)
    try:
        player = Player(bag, rate, namespace)
        executor = SingleThreadedExecutor()
        executor.add_node(player)
        spinner = threading.Thread(target=_spin, args=(executor,), name="player", daemon=True)
        spinner.start()
        try:
            yield player
        finally:
            executor.shutdown()
            spinner.join()
            player.destroy_node()
    finally:
        rclpy.try_shutdown()


def _spin(executor: SingleThreadedExecutor) -> None:
    with suppress(ExternalShutdownException):
        executor.spin()
