"""Large previews: laid out beside the loop, shown and answered only when they are there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from qwen_dual.frontends.tui.dialogs.dialog import GUARD
from qwen_dual.frontends.tui.dialogs.dialog_lines import LAYING_OUT
from qwen_dual.frontends.tui.dialogs.preview_layout import SMALL
from tests.tui.support import Desk, request, text_of

if TYPE_CHECKING:
    from qwen_dual.frontends.tui.dialogs.preview_layout import Work


def shown(desk: Desk, width: int = 80) -> str:
    return "\n".join(text_of(desk.draw(width)))


def large_request() -> tuple[Desk, list[Work]]:
    desk = Desk()
    works: list[Work] = []
    desk.controller.asking.dialog.layout.in_thread = works.append
    text = "echo " + "x" * SMALL
    desk.ask(request(preview={"kind": "command", "title": "Run", "text": text}))
    return desk, works


def test_a_large_preview_takes_no_key_until_it_is_there_and_then_waits_for_a_pause() -> None:
    desk, works = large_request()
    assert LAYING_OUT in shown(desk)
    desk.wait()
    desk.press("y")
    assert desk.session.answers == []
    make, take = works[0]
    take(make())
    assert "echo xxx" in shown(desk)
    dialog = desk.controller.asking.dialog
    assert dialog.seconds_until_armed(desk.now()) == pytest.approx(GUARD)
    desk.wait()
    assert dialog.takes_keys(desk.now())


def test_after_a_resize_the_rows_from_before_stand_until_the_new_ones_are_there() -> None:
    desk, works = large_request()
    make, take = works[0]
    take(make())
    shown(desk)
    desk.wait()
    assert "echo xxx" in shown(desk, 60)
    assert desk.controller.asking.dialog.takes_keys(desk.now())
    assert len(works) == 2
    make, take = works[1]
    take(make())
    assert max(map(len, shown(desk, 60).split("\n"))) <= 60


def test_what_comes_too_late_is_not_taken_for_another_request() -> None:
    desk, works = large_request()
    desk.session.bus.publish(
        {
            "type": "control_response",
            "response": {
                "subtype": "success",
                "request_id": next(iter(desk.view.work.requests)),
                "response": {"allowed": False},
                "resolved_by": "input",
            },
        }
    )
    text = "echo " + "z" * SMALL
    desk.ask(request("r2", preview={"kind": "command", "title": "Run", "text": text}))
    make, take = works[0]
    take(make())
    assert "xxx" not in shown(desk)
    make, take = works[-1]
    take(make())
    assert "echo zzz" in shown(desk)


def test_rows_of_another_width_do_not_count_as_seen() -> None:
    desk, works = large_request()
    asking = desk.controller.asking
    take_next(works)
    shown(desk)
    desk.wait()

    def to_the_end() -> None:
        for _ in range(400):
            asking.key("pagedown")
            shown(desk, 30)
        asking.key("enter")

    to_the_end()  # cut at the edge of the window: the rows for it are not there yet
    assert desk.session.answers == []
    take_next(works)
    to_the_end()
    assert desk.session.answers == [("r1", True, None, None)]


def take_next(works: list[Work]) -> None:
    make, take = works.pop(0)
    take(make())
