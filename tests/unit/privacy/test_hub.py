import asyncio
import json
import struct

import pytest
from starlette.websockets import WebSocketDisconnect, WebSocketState

from emotion_bot.dashboard.hub import MAXIMUM_VIEWERS, Hub

pytestmark = pytest.mark.unit


class Page:
    """A connected page as far as the hub can tell."""

    def __init__(self):
        self.messages = []
        self.requests = asyncio.Queue()
        self.takes = asyncio.Event()
        self.takes.set()
        self.application_state = WebSocketState.CONNECTED
        self.closed = None

    async def accept(self):
        pass

    async def send_bytes(self, message):
        await self.takes.wait()
        (length,) = struct.unpack_from(">I", message)
        self.messages.append((json.loads(message[4 : 4 + length]), message[4 + length :]))

    async def receive_text(self):
        text = await self.requests.get()
        if text is None:
            raise WebSocketDisconnect(1001)
        return text

    async def close(self, code=1000, _reason=""):
        self.closed = code

    @property
    def pictures(self):
        return [jpeg for _, jpeg in self.messages if jpeg]


class Robot:
    """Counts what the hub asks of it."""

    def __init__(self):
        self.watched = []
        self.polls = 0
        self.encoded = 0

    def fast(self):
        self.encoded += 1
        return {"people": {}, "number": self.encoded}, b"jpeg %d" % self.encoded

    def poll(self):
        self.polls += 1


def make(robot):
    return Hub(
        watch=robot.watched.append,
        poll=robot.poll,
        fast=robot.fast,
        slow=lambda: {"viewers": 0},
        greeting=lambda: {"trails": {}},
        rate=200.0,
    )


async def until(condition):
    for _ in range(2000):
        if condition():
            return
        await asyncio.sleep(0.001)
    raise AssertionError("did not happen")


def run(scenario):
    async def main():
        robot = Robot()
        hub = make(robot)
        loop = asyncio.create_task(hub.run())
        try:
            await asyncio.wait_for(scenario(robot, hub), 20)
        finally:
            loop.cancel()

    asyncio.run(main())


def join(hub, page):
    return asyncio.create_task(hub.serve(page))


def test_nobody_watching_costs_no_picture():
    async def scenario(robot, hub):
        await until(lambda: robot.polls >= 1)
        assert robot.encoded == 0
        assert not any(robot.watched)

    run(scenario)


def test_a_picture_is_encoded_once_for_all():
    async def scenario(robot, hub):
        pages = [Page() for _ in range(10)]
        for page in pages:
            join(hub, page)
        await until(lambda: all(len(page.pictures) >= 5 for page in pages))
        assert hub.viewers == hub.watching == 10
        assert all(len(page.pictures) <= robot.encoded for page in pages)
        common = set(pages[0].pictures)
        assert all(common & set(page.pictures) for page in pages)

    run(scenario)


def test_everybody_gets_the_slow_state_first_and_the_greeting_before():
    async def scenario(robot, hub):
        page = Page()
        join(hub, page)
        await until(lambda: len(page.messages) >= 4)
        assert page.messages[0][0] == {"trails": {}}
        assert page.messages[1][0]["slow"] == {"viewers": 0}
        assert "slow" not in page.messages[2][0]

    run(scenario)


def test_a_slow_page_delays_nobody_and_misses_what_is_old():
    async def scenario(robot, hub):
        slow, quick = Page(), Page()
        join(hub, slow)
        join(hub, quick)
        await until(lambda: len(slow.messages) >= 2)
        slow.takes.clear()
        seen = len(slow.messages)
        await until(lambda: len(quick.messages) > 50)
        slow.takes.set()
        await until(lambda: len(slow.messages) >= seen + 2)
        newest = slow.messages[seen + 1][0]["number"]
        assert newest > slow.messages[seen][0]["number"] + 10

    run(scenario)


def test_a_hidden_page_gets_no_pictures_and_stops_the_camera_stream():
    async def scenario(robot, hub):
        page = Page()
        join(hub, page)
        await until(lambda: page.pictures)
        page.requests.put_nowait("rest")
        await until(lambda: hub.watching == 0)
        await until(lambda: robot.watched[-1] is False)
        await asyncio.sleep(0.02)
        count = len(page.pictures)
        hub.refresh()
        await until(lambda: "people" not in page.messages[-1][0])
        assert len(page.pictures) == count
        page.requests.put_nowait("watch")
        await until(lambda: robot.watched[-1] is True)
        await until(lambda: len(page.pictures) > count)

    run(scenario)


def test_a_page_that_leaves_is_forgotten():
    async def scenario(robot, hub):
        page = Page()
        task = join(hub, page)
        await until(lambda: hub.viewers == 1)
        page.requests.put_nowait(None)
        await task
        assert hub.viewers == 0

    run(scenario)


def test_a_page_that_sends_too_much_is_closed():
    async def scenario(robot, hub):
        page = Page()
        task = join(hub, page)
        page.requests.put_nowait("x" * 1000)
        await task
        assert page.closed is not None
        assert hub.viewers == 0

    run(scenario)


def test_there_is_room_for_so_many_and_the_others_are_told():
    async def scenario(robot, hub):
        for _ in range(MAXIMUM_VIEWERS):
            join(hub, Page())
        await until(lambda: hub.viewers == MAXIMUM_VIEWERS)
        late = Page()
        await hub.serve(late)
        assert late.closed == 1013
        assert hub.viewers == MAXIMUM_VIEWERS

    run(scenario)
