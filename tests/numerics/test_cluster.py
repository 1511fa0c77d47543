"""A sweep on a real dask scheduler with two worker processes, and executors by name."""

import importlib
import os
import socket
import subprocess
import sys
import threading
import time
import warnings
from contextlib import ExitStack, contextmanager
from multiprocessing import parent_process

import dask
import pytest
from distributed import LocalCluster
from threadpoolctl import threadpool_info

from numerics.sweeps.executors import at_hand, executor
from numerics.sweeps.store import Store, SweepError
from numerics.sweeps.sweep import sweep
from tests.house.tree import ROOT
from tests.numerics.pieces import PIECES, WHOLE, die, same, work
from twolayer.threads import in_threads


@pytest.fixture(scope="module")
def cluster():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the cluster's own: ports in use, slow starts
        with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as started:
            yield started


def named(cluster):
    return cluster.scheduler_address.replace("tcp:", "dask:")


@pytest.mark.filterwarnings("ignore")
def test_two_workers_give_the_same_bits(cluster, tmp_path):
    with executor(named(cluster)) as pool:
        assert same(sweep(work, PIECES, executor=pool, store=tmp_path / "s"), WHOLE)
    assert Store(tmp_path / "s", "", len(PIECES)).missing() == []


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_cluster_whose_workers_die_is_told_and_the_sweep_goes_on_elsewhere(tmp_path):
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 0}),
        LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as doomed,
        executor(named(doomed)) as pool,
        pytest.raises(SweepError, match="the executor died"),
    ):
        sweep(die, PIECES, executor=pool, store=tmp_path / "s")
    assert 7 in Store(tmp_path / "s", "", len(PIECES)).missing()
    assert same(sweep(work, PIECES, store=tmp_path / "s"), WHOLE)


def slow(seed):
    time.sleep(0.2)
    return work(seed)


@contextmanager
def processes(*commands):
    """Run dask's own commands, and kill them after the block."""
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": ROOT}
    started = [
        subprocess.Popen([sys.executable, "-m", f"distributed.cli.{words[0]}", *words[1:]], **quiet)
        for words in commands
    ]
    try:
        yield started
    finally:
        for process in started:
            process.kill()
            process.wait()


def answering(stack, address):
    """The executor of a scheduler that has just been started, closed with the stack."""
    for _ in range(20):
        try:
            return stack.enter_context(executor(address))
        except ValueError:
            time.sleep(0.2)
    raise AssertionError("the scheduler did not start")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_scheduler_that_is_killed_midway_is_told_and_what_was_finished_is_kept(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    host, port = address.split(":")
    scheduler = ("dask_scheduler", "--host", host, "--port", port, "--no-dashboard")
    worker = ("dask_worker", f"tcp://{address}", "--nthreads", "1", "--no-nanny", "--no-dashboard")
    with processes(scheduler, worker) as started, ExitStack() as stack:
        pool = answering(stack, f"dask://{address}")

        def kill(done, total):
            if done == 2:
                started[0].kill()

        with pytest.raises(SweepError, match="the executor died") as told:
            sweep(slow, PIECES, executor=pool, store=tmp_path / "s", report=kill)
    assert 2 <= told.value.done < len(PIECES)
    assert len(Store(tmp_path / "s", "", len(PIECES)).missing()) == len(PIECES) - told.value.done
    assert same(sweep(work, PIECES, store=tmp_path / "s"), WHOLE)


def busy_threads():
    """How many threads ours, numpy's BLAS and scipy's would use here."""
    importlib.import_module("scipy.linalg")
    ours = set(in_threads(lambda piece: (time.sleep(0.05), threading.get_ident())[1], range(8)))
    return max([len(ours), *(each["num_threads"] for each in threadpool_info())])


@pytest.mark.slow
def test_a_worker_process_has_one_thread():
    with executor("processes:1") as pool:
        assert pool.submit(busy_threads).result() == 1


def dies_elsewhere(piece):
    if parent_process() is not None:
        os._exit(1)
    return -piece


@pytest.mark.slow
def test_what_a_killed_process_leaves_of_a_report_is_done_here():
    with executor("processes:2") as pool:
        each = at_hand(pool)
        assert list(each(dies_elsewhere, [1, 2, 3])) == [-1, -2, -3]
        assert list(each(dies_elsewhere, [4])) == [-4]
    with executor("threads:2") as pool:
        assert at_hand(pool) is map


@pytest.mark.slow
@pytest.mark.parametrize("name", ["threads:2", "processes:2", None])
def test_executors_by_name(name):
    with executor(name) as pool:
        assert same(sweep(work, PIECES, executor=pool), WHOLE)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        *(
            (name, "here, threads:N, processes:N or dask://HOST:PORT")
            for name in ("thread:2", "threads:0", "mpi:4", "threads:", "dask://", "dask:x")
        ),
        ("dask://127.0.0.1:9", "the address of a running scheduler"),
    ],
)
def test_bad_names_are_refused(name, wanted):
    with pytest.raises(ValueError, match=f"executor must be {wanted}; got"), executor(name):
        pass
