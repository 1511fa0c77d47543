"""What several threads make of pieces is what one makes of them, in the same order."""

import threading
import time

import pytest

from twolayer.jit import SETTINGS
from twolayer.threads import in_threads


def seen(piece):
    time.sleep(0.02)
    return piece, threading.get_ident()


def test_results_come_in_the_order_of_the_pieces():
    assert [piece for piece, _ in in_threads(seen, range(9))] == list(range(9))
    assert in_threads(seen, []) == []


def test_several_threads_work_and_one_of_them_has_none_below_it(monkeypatch):
    monkeypatch.setattr(SETTINGS, "NUMBA_NUM_THREADS", 2)
    assert len({thread for _, thread in in_threads(seen, range(6))}) > 1
    below = in_threads(lambda piece: {thread for _, thread in in_threads(seen, range(4))}, range(2))
    assert [len(threads) for threads in below] == [1, 1]


def test_an_error_ends_it_and_what_has_not_begun_is_not_done():
    begun = []

    def work(piece):
        begun.append(piece)
        if piece == 1:
            raise ValueError("at the second piece")
        time.sleep(0.01)

    with pytest.raises(ValueError, match="at the second piece"):
        in_threads(work, range(200))
    assert len(begun) < 20
