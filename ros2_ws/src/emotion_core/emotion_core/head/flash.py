"""Writes the firmware to a board: which port, which board, which tool, and whether it then runs."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Final

from serial.tools import list_ports

from emotion_core.head.firmware_build import FirmwareError, build_firmware, firmware_directory
from emotion_core.head.serial_head import SerialHead
from emotion_core.head.serial_port import USB_IDS

FLASH_TIMEOUT: Final = 180.0
"""Longest time a tool may take, s."""
FIRST_HANDSHAKE_TIME: Final = 8.0
"""The new firmware has to answer within this time, s."""


class FlashError(RuntimeError):
    """Nothing was flashed, or it does not run; the message says why and what to do."""


class BoardModel(Enum):
    """The boards the firmware is made for; the value is the board's name for Arduino's tools."""

    UNO = "arduino:avr:uno"
    NANO = "arduino:avr:nano:cpu=atmega328"
    NANO_OLD_BOOTLOADER = "arduino:avr:nano:cpu=atmega328old"

    @property
    def boot_loader_baud(self) -> int:
        """Speed of the boot loader."""
        return 57600 if self is BoardModel.NANO_OLD_BOOTLOADER else 115200


_CERTAIN: Final = {
    (0x2341, 0x0043): BoardModel.UNO,
    (0x2341, 0x0001): BoardModel.UNO,
    (0x2341, 0x0243): BoardModel.UNO,
    (0x2341, 0x006A): BoardModel.UNO,
    (0x2A03, 0x0043): BoardModel.UNO,
}
"""USB ids that name the board and not only its serial converter."""


@dataclass(frozen=True, slots=True)
class BoardPort:
    """A serial port and what its USB id tells.

    Attributes:
        path: device path.
        description: what the system calls it.
        model: the board, when its id names it for certain.
        likely: the id is one that Uno and Nano boards have.
    """

    path: str
    description: str
    model: BoardModel | None
    likely: bool


@dataclass(frozen=True, slots=True)
class Tools:
    """Programs that can flash; None for what is not installed."""

    arduino_cli: str | None
    avrdude: str | None


def find_tools() -> Tools:
    """Return the tools that are installed."""
    return Tools(shutil.which("arduino-cli"), shutil.which("avrdude"))


def list_boards() -> list[BoardPort]:
    """Return all serial ports with a USB id, the likely ones first."""
    boards = [
        BoardPort(
            port.device,
            port.description or "serial port",
            _CERTAIN.get((port.vid, port.pid)),
            (port.vid, port.pid) in USB_IDS,
        )
        for port in list_ports.comports()
        if port.vid is not None
    ]
    return sorted(boards, key=lambda board: (not board.likely, board.path))


def choose_board(path: str | None, boards: Sequence[BoardPort]) -> BoardPort:
    """Return the board to flash.

    Args:
        path: the port that was asked for, or None to take the only likely one.
        boards: what is connected.

    Raises:
        FlashError: if there is none, or more than one and none was asked for.
    """
    if path is not None:
        resolved = str(Path(path).resolve())
        for board in boards:
            if resolved in (board.path, str(Path(board.path).resolve())):
                return board
        return BoardPort(path, "unknown device", None, likely=False)
    likely = [board for board in boards if board.likely]
    if len(likely) == 1:
        return likely[0]
    if likely:
        names = ", ".join(f"{board.path} ({board.description})" for board in likely)
        raise FlashError(f"more than one board is connected: {names}; choose one with --port")
    raise FlashError("no Uno or Nano found; connect it by USB, or name its port with --port")


def flash_command(
    tools: Tools, port: str, model: BoardModel, sketch: Path, hex_file: Path | None
) -> list[str]:
    """Return the command that flashes.

    Args:
        tools: what is installed; arduino-cli is taken before avrdude.
        port: device path.
        model: the board.
        sketch: folder of the sketch, which arduino-cli compiles itself.
        hex_file: the built firmware, which avrdude needs.

    Raises:
        FlashError: if no tool is there.
    """
    if tools.arduino_cli is not None:
        return [
            tools.arduino_cli,
            "compile",
            "--fqbn",
            model.value,
            "--upload",
            "--port",
            port,
            str(sketch),
        ]
    if tools.avrdude is not None and hex_file is not None:
        return [
            tools.avrdude,
            "-p",
            "atmega328p",
            "-c",
            "arduino",
            "-P",
            port,
            "-b",
            str(model.boot_loader_baud),
            "-D",
            "-U",
            f"flash:w:{hex_file}:i",
        ]
    raise FlashError("flashing needs arduino-cli, or the package avrdude and the built firmware")


def flash_board(
    port: str | None,
    model: BoardModel | None,
    confirm: Callable[[str], bool],
    say: Callable[[str], None],
) -> str:
    """Flash a board and wait until the new firmware answers.

    A board whose USB id does not name it is only flashed after ``confirm`` said yes.

    Args:
        port: device path, or None to take the only likely board.
        model: the board, or None to go by its USB id.
        confirm: asks the user a question; False ends it.
        say: tells the user what is done.

    Returns:
        The version of the firmware that answers now.

    Raises:
        FlashError: with what to do about it.
    """
    board = choose_board(port, list_boards())
    chosen = model or board.model
    if chosen is None:
        chosen = BoardModel.UNO
        question = (
            f"{board.path} ({board.description}) does not say which board it is. "
            f"Write the head's firmware to it, as to an Arduino {chosen.name}?"
        )
        if not confirm(question):
            raise FlashError("nothing was flashed")
    tools = find_tools()
    hex_file = None
    if tools.arduino_cli is None and tools.avrdude is not None:
        say("building the firmware")
        try:
            hex_file = build_firmware(simulator=False).hex
        except FirmwareError as error:
            raise FlashError(str(error)) from error
    command = flash_command(tools, board.path, chosen, firmware_directory() / "head", hex_file)
    say(" ".join(command))
    try:
        run = subprocess.run(
            command, capture_output=True, text=True, timeout=FLASH_TIMEOUT, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise FlashError(f"{command[0]} took more than {FLASH_TIMEOUT} s") from error
    if run.returncode != 0:
        output = "\n".join((run.stdout + run.stderr).splitlines()[-12:])
        raise FlashError(
            f"{command[0]} failed with {run.returncode}:\n{output}\n"
            "An older Nano needs --board nano_old_bootloader; close other programs on the port."
        )
    return verify(board.path)


def verify(port: str) -> str:
    """Return the version of the firmware that answers on a port.

    Raises:
        FlashError: if none does.
    """
    head = SerialHead(port)
    head.open()
    try:
        if not head.wait_until_connected(FIRST_HANDSHAKE_TIME):
            raise FlashError(f"the board was flashed but does not answer: {head.state().message}")
        return head.state().firmware_version
    finally:
        head.close()
