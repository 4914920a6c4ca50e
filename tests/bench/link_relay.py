"""Carries Ethernet frames between two network interfaces that it makes, and loses and delays some.

For kernels without netem. It ends when its standard input does.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import random
import select
import struct
import sys
import time
from collections import deque

_TUNSETIFF = 0x400454CA
_IFF_TAP, _IFF_NO_PI = 0x0002, 0x1000
_LONGEST_FRAME = 65536
_SEED = 5


def interface(name: str) -> int:
    """Make a network interface and return the file that its frames come from."""
    device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    request = struct.pack("16sH22x", name.encode(), _IFF_TAP | _IFF_NO_PI)
    fcntl.ioctl(device, _TUNSETIFF, request)
    return device


def relay(ends: tuple[int, int], loss: float, delay: float) -> None:
    """Carry frames until standard input ends; delay in s."""
    chance = random.Random(_SEED)
    under_way: deque[tuple[float, int, bytes]] = deque()
    other = {ends[0]: ends[1], ends[1]: ends[0]}
    while True:
        wait = max(0.0, under_way[0][0] - time.monotonic()) if under_way else None
        readable, _, _ = select.select([*ends, sys.stdin], [], [], wait)
        if sys.stdin in readable:
            return
        for end in readable:
            try:
                frame = os.read(end, _LONGEST_FRAME)
            except OSError:  # the interface is down
                continue
            if chance.random() >= loss:
                under_way.append((time.monotonic() + delay, other[end], frame))
        while under_way and under_way[0][0] <= time.monotonic():
            _, end, frame = under_way.popleft()
            try:
                os.write(end, frame)
            except OSError:  # likewise: nobody is there to receive it
                continue


def main() -> None:
    """Make the interfaces, say so and carry."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("interfaces", nargs=2)
    parser.add_argument("loss", type=float)
    parser.add_argument("delay", type=float)
    arguments = parser.parse_args()
    first, second = map(interface, arguments.interfaces)
    print("ready", flush=True)  # noqa: T201
    relay((first, second), arguments.loss, arguments.delay)


if __name__ == "__main__":
    main()
