"""The head's firmware: round trips, pulses, faults and the step response, on the simulated board.

All figures but those of the terminal are in simulated time, and the same on every machine.
"""

from __future__ import annotations

import json
import math
import random
import sys
import time
from pathlib import Path
from typing import Any

import matplotlib as mpl

from emotion_core.head.axis import SERVO_FRAME
from emotion_core.head.firmware_build import build_firmware
from emotion_core.head.simulated import SimulatedHead
from emotion_core.head.virtual import VirtualHead

from ..firmware import measure

STEP = math.radians(30)
PLOT = Path("artifacts", "head_step_response.png")
_TERMINAL_COMMANDS = 150
_TERMINAL_RATE = 30.0


def run(plot: Path = PLOT) -> dict[str, Any]:
    """Measure the head.

    Args:
        plot: where the picture of the step response goes.

    Returns:
        Figures with their units in their names.

    Raises:
        FirmwareError: if firmware or simulator cannot be built.
    """
    build = build_firmware(simulator=True)
    elf = build.elf
    step = measure.step_response(elf, STEP)
    plot_step(step, plot)
    draw = random.Random(1)
    errors = measure.pulse_errors_us(elf, [draw.uniform(-1.39, 1.39) for _ in range(40)])
    pulses = measure.pulse_latencies(elf, 300)
    faults = measure.faulty_line(elf, 0.001, 1500)
    silence = measure.silence(elf)
    hang = measure.hang(elf)
    return {
        "command_to_ack_50_per_s": _round_trips(elf, 50.0, 2000, 0.5),
        "command_to_ack_500_per_s_for_60_s": _round_trips(elf, 500.0, 30_000, 0.0),
        "command_to_changed_pulse_ms": _milliseconds(pulses),
        "pulse_error_us_max": round(max(map(abs, errors)), 3),
        "noise_1_MB_frames_accepted": measure.noise_accepted(elf, 1_000_000),
        "line_with_0.1_percent_of_bytes_lost_or_flipped": {
            "commands": faults.commands,
            "acked_at_once_percent": round(100 * faults.acked_at_once / faults.commands, 2),
            "acked_percent": round(100 * faults.acked / faults.commands, 2),
            "not_within_three_tries": faults.lost,
        },
        "silent_link": {
            "homing_starts_ms": round(silence.homing_starts * 1e3),
            "pulses_end_s": round(silence.pulses_end, 2),
        },
        "firmware_hang": {
            "pulses_end_ms": round(hang.pulses_end * 1e3),
            "linked_again_ms": round(hang.linked_again * 1e3),
        },
        "step_30_deg": {
            "settled_within_half_a_degree_ms": round(step.settled * 1e3),
            "overshoot_deg": round(math.degrees(step.overshoot), 3),
            "plot": str(plot),
        },
        "terminal": terminal(SimulatedHead(build=build)),
    }


def _round_trips(elf: Path, rate: float, count: int, jitter: float) -> dict[str, float]:
    result = measure.round_trips(elf, rate, count, jitter)
    return {**_milliseconds(result.acks), "lost": result.lost}


def _milliseconds(times: list[float]) -> dict[str, float]:
    return {
        f"p{percent}_ms" if percent < 100 else "max_ms": round(
            measure.percentile(times, percent) * 1e3, 3
        )
        for percent in (50, 99, 100)
    }


def terminal(head: SimulatedHead) -> dict[str, float]:
    """Measure the head as a program has it: threads, a pseudo-terminal, the clock on the wall."""
    head.open()
    try:
        head.serial.wait_until_connected(10.0)
        round_trips = []
        due = time.monotonic()
        for index in range(_TERMINAL_COMMANDS):
            stamp = time.time_ns()
            head.command(0.5 * math.sin(index / 20), 0.0, measure.BLACK, stamp)
            due += 1 / _TERMINAL_RATE
            time.sleep(max(0.0, due - time.monotonic()))
            state = head.state()
            if state.acked_stamp_ns == stamp:
                round_trips.append(state.acked_time - stamp * 1e-9)
        head.inject("unplug")
        while head.state().connected:
            time.sleep(0.01)
        head.inject("replug")
        replugged = time.time()
        while head.state().acked_time < replugged and time.time() < replugged + 10:
            head.command(0.1, 0.0, measure.BLACK, time.time_ns())
            time.sleep(0.02)
        return {
            "command_to_ack_p50_ms": round(measure.percentile(round_trips, 50) * 1e3, 2),
            "command_to_ack_p95_ms": round(measure.percentile(round_trips, 95) * 1e3, 2),
            "replug_to_first_ack_ms": round((head.state().acked_time - replugged) * 1e3),
        }
    finally:
        head.close()


def plot_step(step: measure.StepResponse, path: Path) -> None:
    """Draw what the firmware's servo pulses and the virtual head show of the same step."""
    mpl.use("Agg")
    from matplotlib import pyplot as plt

    now = step.times[0] % SERVO_FRAME  # servo frames that begin where the firmware's do
    model = VirtualHead(lambda: now)
    model.open()
    model.command(0.0, 0.0, measure.BLACK, 1)
    now = 0.2
    model.state()
    model.command(STEP, 0.0, measure.BLACK, 2)
    grid = [index / 1000 for index in range(700)]
    modelled = []
    for moment in grid:
        now = 0.2 + moment
        modelled.append(math.degrees(model.state().pan))

    figure, axes = plt.subplots(figsize=(7, 4))
    axes.axhline(math.degrees(STEP), color="0.6", linestyle="--", label="command")
    axes.step(grid, modelled, where="post", color="tab:orange", label="virtual head")
    degrees = [math.degrees(angle) for angle in step.angles]
    axes.plot(step.times, degrees, ".", color="tab:blue", label="servo pulses of the firmware")
    axes.set(xlabel="time since the command (s)", ylabel="pan (°)", xlim=(-0.02, 0.6))
    axes.set_title("Step of 30°: limited to 200°/s and 1200°/s²")
    axes.grid(alpha=0.3)
    axes.legend(loc="lower right")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120, bbox_inches="tight")
    plt.close(figure)


if __name__ == "__main__":
    json.dump(run(), sys.stdout, indent=2)
