from __future__ import annotations

import pytest

from alignlab.progress import StoppedError, part_of, report


class Listener:
    """Keeps what it is told and stops when `last` is reached."""

    def __init__(self, last: int | None = None) -> None:
        self.heard: list[tuple[int, int, str]] = []
        self.last = last

    def __call__(self, done: int, total: int, info: str) -> bool:
        self.heard.append((done, total, info))
        return self.last is None or done < self.last


def test_nobody_need_listen():
    report(None, 1, 2, "half")
    assert part_of(None, 0.0, 0.5) is None


def test_what_is_reported_is_heard():
    listener = Listener()
    report(listener, 1, 4, "first quarter")
    assert listener.heard == [(1, 4, "first quarter")]


def test_a_listener_stops_the_work_and_the_message_says_where():
    with pytest.raises(StoppedError, match=r"at folding \(3 of 4\)"):
        report(Listener(last=3), 3, 4, "folding")


def test_a_part_reports_its_share_of_the_whole():
    listener = Listener()
    part = part_of(listener, 0.25, 0.75)
    for done in (0, 5, 10):
        assert part(done, 10, "encoding")
    assert [done / total for done, total, _ in listener.heard] == [0.25, 0.5, 0.75]
    assert {info for *_, info in listener.heard} == {"encoding"}


def test_parts_of_parts():
    listener = Listener()
    report(part_of(part_of(listener, 0.5, 1.0), 0.5, 1.0), 1, 2, "inner")
    done, total, _ = listener.heard[0]
    assert done / total == pytest.approx(0.875, abs=1e-3)


def test_a_part_without_steps_is_done():
    listener = Listener()
    report(part_of(listener, 0.0, 0.5), 0, 0, "nothing to do")
    assert listener.heard[0][0] / listener.heard[0][1] == 0.5


def test_a_stop_goes_through_a_part():
    with pytest.raises(StoppedError):
        report(part_of(Listener(last=500), 0.0, 1.0), 1, 2, "half")
