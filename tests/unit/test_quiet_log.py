"""Lines of a log that others cause are few, and what is left out is counted."""

from __future__ import annotations

import io
import logging

import pytest

from node.quiet_log import LINES_PER_MINUTE_MAX, QuietLog


class Log:
    """A logger that writes into memory, and its time."""

    def __init__(self, name: str) -> None:
        self.now_s = 0.0
        self._stream = io.StringIO()
        handler = logging.StreamHandler(self._stream)
        handler.addFilter(QuietLog(lambda: self.now_s))
        self.logger = logging.Logger(name, logging.DEBUG)
        self.logger.addHandler(handler)

    def lines(self) -> list[str]:
        return self._stream.getvalue().splitlines()


@pytest.mark.parametrize("name", ["openhouse.host", "aiohttp.server"])
def test_a_thousand_lines_of_a_kind_are_thirty(name: str) -> None:
    log = Log(name)
    for number in range(1000):
        log.logger.info("refused: %s", number)

    assert [f"refused: {number}" for number in range(LINES_PER_MINUTE_MAX)] == log.lines()


def test_the_next_minute_says_how_many_were_left_out() -> None:
    log = Log("openhouse.host")
    for _ in range(1000):
        log.logger.warning("refused: %s", "100%")
    log.now_s = 60.0
    for _ in range(2):
        log.logger.warning("refused: %s", "100%")

    told = f"refused: 100% ({1000 - LINES_PER_MINUTE_MAX} more like it are not shown)"
    assert [told, "refused: 100%"] == log.lines()[-2:]


def test_another_kind_of_line_has_its_own_count() -> None:
    log = Log("openhouse.host")
    for _ in range(1000):
        log.logger.info("refused: %s", "noise")
    log.logger.info("link %d: cut", 7)

    assert "link 7: cut" == log.lines()[-1]


def test_texts_of_another_library_are_one_kind() -> None:
    """They may be made anew each time, and would fill the memory instead of the disk."""
    log = Log("zeroconf")
    for number in range(1000):
        log.logger.warning(f"bad packet {number}")

    assert LINES_PER_MINUTE_MAX == len(log.lines())


def test_lines_for_debugging_are_all_written() -> None:
    log = Log("openhouse.links")
    for _ in range(1000):
        log.logger.debug("link %d: closing", 7)

    assert 1000 == len(log.lines())
