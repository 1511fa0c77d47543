"""A sweep on a real dask scheduler with two worker processes, and executors by name."""

import warnings

import dask
import pytest
from distributed import LocalCluster

from numerics.executors import executor
from numerics.shards import Store, SweepError, sweep
from tests.test_shards import PIECES, WHOLE, die, same, work


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


@pytest.mark.parametrize("name", ["threads:2", "processes:2", None])
def test_executors_by_name(name):
    with executor(name) as pool:
        assert same(sweep(work, PIECES, executor=pool), WHOLE)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        *(
            (name, "threads:N, processes:N or dask://HOST:PORT")
            for name in ("thread:2", "threads:0", "mpi:4")
        ),
        *((name, "threads:N, processes:N or dask://HOST:PORT") for name in ("threads:", "dask://", "dask:x")),
        ("dask://127.0.0.1:9", "the address of a running scheduler"),
    ],
)
def test_bad_names_are_refused(name, wanted):
    with pytest.raises(ValueError, match=f"executor must be {wanted}; got"), executor(name):
        pass
