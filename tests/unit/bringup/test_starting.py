import pytest

from emotion_bot.graph import BringUpOptions, NodeSpec, build_graph
from emotion_bot.up.starting import READY_SECONDS, SLOW_SECONDS, StartOrder

pytestmark = pytest.mark.unit

GRAPH = (
    NodeSpec("page", "", ""),
    NodeSpec("camera", "", "", is_source=True),
    NodeSpec("faces", "", ""),
    NodeSpec("gaze", "", ""),
)


@pytest.fixture
def order():
    return StartOrder(GRAPH, now=0.0)


def test_no_more_start_at_once_than_permitted(order):
    assert order.next([], 2, 0.0) == ["page", "faces"]
    assert order.next([], 2, 0.1) == []
    assert order.next(["faces"], 2, 0.2) == ["gaze"]
    assert not order.is_over


def test_the_permitted_number_may_change_and_is_never_none(order):
    assert order.next([], 0, 0.0) == ["page"]
    assert order.next([], 0, 0.1) == []
    assert order.next([], 3, 0.2) == ["faces", "gaze"]
    assert order.next([], 1, 0.3) == []


def test_the_sources_come_when_all_others_are_up(order):
    assert order.next([], 8, 0.0) == ["page", "faces", "gaze"]
    assert order.next(["page", "faces"], 8, 0.1) == []
    assert order.next(["page", "faces", "gaze"], 8, 0.2) == ["camera"]
    assert order.is_over
    assert order.next(["page", "faces", "gaze"], 8, 0.3) == []


def test_a_node_that_does_not_come_up_holds_nobody_back_for_long(order):
    assert order.next([], 1, 0.0) == ["page"]
    assert order.next([], 1, SLOW_SECONDS - 0.1) == []
    assert order.next([], 1, SLOW_SECONDS) == ["faces"]
    assert order.next(["faces"], 1, SLOW_SECONDS + 0.1) == ["gaze"]
    assert order.next(["faces", "gaze"], 1, READY_SECONDS - 0.1) == []
    assert order.next(["faces", "gaze"], 1, READY_SECONDS) == ["camera"]
    assert order.is_over


def test_everything_starts_in_the_end_even_if_nothing_comes_up(order):
    names = order.next([], 1, 0.0) + order.next([], 1, READY_SECONDS)
    assert sorted(names) == sorted(spec.name for spec in GRAPH)


def test_a_graph_of_sources_alone_starts_at_once():
    assert StartOrder(GRAPH[1:2], now=0.0).next([], 1, 0.0) == ["camera"]


def test_the_page_is_started_first():
    graph = build_graph(BringUpOptions())
    assert StartOrder(graph, now=0.0).next([], 1, 0.0) == ["dashboard"]
