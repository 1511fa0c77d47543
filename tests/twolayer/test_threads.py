"""What several threads make of pieces is what one makes of them, in the same order."""

import threading
import time

import pytest
from threadpoolctl import threadpool_info

from twolayer.jit import SETTINGS
from twolayer.threads import Threads, in_threads


def blas_threads():
    return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]


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


def test_the_same_threads_work_on_several_rounds(monkeypatch):
    """BLAS has one thread meanwhile, and its own again after an error."""
    monkeypatch.setattr(SETTINGS, "NUMBA_NUM_THREADS", 2)
    before = blas_threads()
    with Threads() as threads:
        rounds = [{thread for _, thread in threads.run(seen, range(6))} for _ in range(3)]
        assert len(set.union(*rounds)) == 2
        assert set(blas_threads()) == {1}
        assert threads.run(lambda piece: threading.get_ident(), [0]) == [threading.get_ident()]
    with pytest.raises(ZeroDivisionError), Threads() as threads:
        threads.run(lambda piece: 1 / piece, range(6))
    assert blas_threads() == before
