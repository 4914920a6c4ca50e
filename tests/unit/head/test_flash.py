"""Choosing board and tool; nothing unknown is flashed without a yes."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from emotion_core.head import flash
from emotion_core.head.firmware_build import FirmwareBuild, FirmwareError
from emotion_core.head.flash import (
    BoardModel,
    BoardPort,
    FlashError,
    Tools,
    choose_board,
    flash_board,
    flash_command,
)

pytestmark = pytest.mark.unit

UNO = BoardPort("/dev/ttyACM0", "Arduino Uno", BoardModel.UNO, likely=True)
CLONE = BoardPort("/dev/ttyUSB0", "USB Serial", None, likely=True)
PHONE = BoardPort("/dev/ttyACM7", "Phone", None, likely=False)
SKETCH = Path("/firmware/head")
HEX = Path("/build/head.hex")


class Port:
    def __init__(self, device: str, vid: int | None, pid: int | None) -> None:
        self.device, self.vid, self.pid, self.description = device, vid, pid, "a port"


def test_boards_are_known_by_their_usb_ids(monkeypatch: pytest.MonkeyPatch) -> None:
    ports = [
        Port("/dev/ttyS0", None, None),
        Port("/dev/ttyACM7", 0x04E8, 0x6860),
        Port("/dev/ttyUSB0", 0x1A86, 0x7523),
        Port("/dev/ttyACM0", 0x2341, 0x0043),
    ]
    monkeypatch.setattr(flash.list_ports, "comports", lambda: ports)
    boards = flash.list_boards()
    assert [board.path for board in boards] == ["/dev/ttyACM0", "/dev/ttyUSB0", "/dev/ttyACM7"]
    assert [board.model for board in boards] == [BoardModel.UNO, None, None]
    assert [board.likely for board in boards] == [True, True, False]


def test_the_only_likely_board_is_taken() -> None:
    assert choose_board(None, [UNO, PHONE]) == UNO
    with pytest.raises(FlashError, match=r"ttyACM0.*ttyUSB0.*--port"):
        choose_board(None, [UNO, CLONE])
    with pytest.raises(FlashError, match="no Uno or Nano"):
        choose_board(None, [PHONE])


def test_a_named_port_is_taken_but_not_trusted() -> None:
    assert choose_board("/dev/ttyACM0", [UNO, CLONE]) == UNO
    unknown = choose_board("/dev/ttyXY", [UNO])
    assert unknown.model is None


def test_the_tools_are_called_as_they_want_it() -> None:
    cli = flash_command(Tools("arduino-cli", "avrdude"), "/dev/x", BoardModel.NANO, SKETCH, HEX)
    assert cli[:4] == ["arduino-cli", "compile", "--fqbn", "arduino:avr:nano:cpu=atmega328"]
    assert cli[-1] == str(SKETCH)
    old = BoardModel.NANO_OLD_BOOTLOADER
    dude = flash_command(Tools(None, "avrdude"), "/dev/x", old, SKETCH, HEX)
    assert dude[dude.index("-b") + 1] == "57600"
    assert f"flash:w:{HEX}:i" in dude
    for tools, hex_file in ((Tools(None, None), HEX), (Tools(None, "avrdude"), None)):
        with pytest.raises(FlashError, match="arduino-cli"):
            flash_command(tools, "/dev/x", BoardModel.UNO, SKETCH, hex_file)


class World:
    """Everything outside: ports, tools, build and the tools' runs."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, boards: list[BoardPort]) -> None:
        self.commands: list[list[str]] = []
        self.questions: list[str] = []
        self.answer = True
        self.returncode = 0
        monkeypatch.setattr(flash, "list_boards", lambda: boards)
        monkeypatch.setattr(flash, "find_tools", lambda: Tools(None, "/usr/bin/avrdude"))
        monkeypatch.setattr(flash, "firmware_directory", lambda: Path("/firmware"))
        monkeypatch.setattr(flash, "build_firmware", self.build)
        monkeypatch.setattr(flash.subprocess, "run", self.run)
        monkeypatch.setattr(flash, "verify", lambda port: f"1.0.0 on {port}")

    def build(self, simulator: bool) -> FirmwareBuild:
        assert not simulator
        return FirmwareBuild(Path("/build/head.elf"), HEX, None)

    def run(self, command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        self.commands.append(command)
        return subprocess.CompletedProcess(command, self.returncode, "", "not in sync")

    def confirm(self, question: str) -> bool:
        self.questions.append(question)
        return self.answer

    def flash(self, port: str | None = None, model: BoardModel | None = None) -> str:
        return flash_board(port, model, self.confirm, lambda _: None)


def test_a_known_board_is_flashed_without_a_question(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch, [UNO])
    assert world.flash() == "1.0.0 on /dev/ttyACM0"
    assert world.questions == []
    assert "/dev/ttyACM0" in world.commands[0]


@pytest.mark.parametrize("port", [None, "/dev/ttyUSB0", "/dev/ttyACM7", "/dev/other"])
def test_an_unknown_board_is_flashed_only_after_a_yes(
    monkeypatch: pytest.MonkeyPatch, port: str | None
) -> None:
    world = World(monkeypatch, [CLONE, PHONE])
    world.answer = False
    with pytest.raises(FlashError, match="nothing was flashed"):
        world.flash(port)
    assert world.commands == []
    assert len(world.questions) == 1
    world.answer = True
    assert world.flash(port)
    assert len(world.commands) == 1


def test_a_failing_tool_is_reported_with_its_output(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch, [UNO])
    world.returncode = 1
    with pytest.raises(FlashError, match="not in sync"):
        world.flash()


def test_a_failing_build_flashes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch, [UNO])

    def fail(simulator: bool) -> FirmwareBuild:
        raise FirmwareError("needs the packages gcc-avr")

    monkeypatch.setattr(flash, "build_firmware", fail)
    with pytest.raises(FlashError, match="gcc-avr"):
        world.flash()
    assert world.commands == []
