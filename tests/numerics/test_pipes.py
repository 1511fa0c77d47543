"""A pipe, a device or a folder where a file is wanted is named at once: to read one might never end."""

import os
from functools import partial

import pytest

from numerics.figures.output import INDEX, index
from numerics.files.idx import read_cifar, read_idx
from numerics.files.networks import read_model
from numerics.files.npz import read_arrays
from numerics.files.tables import ENDINGS, read_table
from numerics.sweeps.loading import load
from numerics.sweeps.store import MANIFEST
from theory.certify.file import load as load_certificates

MADE = (os.mkfifo, os.mkdir, lambda path: os.symlink("/dev/zero", path))
READERS = [(read_table, f"data{ending}") for ending in ENDINGS]
READERS += [(partial(read_arrays, required=["X"]), "b.npz")]
READERS += [(read_model, "a.npz"), (read_model, "a.safetensors")]
READERS += [(read_idx, "a.idx"), (read_cifar, "a.bin"), (load_certificates, "a.json")]


@pytest.mark.parametrize("make", MADE, ids=["pipe", "folder", "device"])
@pytest.mark.parametrize(("read", "name"), READERS)
def test_what_is_no_file_is_refused_at_once(read, name, make, tmp_path):
    path = tmp_path / name
    make(path)
    with pytest.raises(ValueError, match=" must "):
        read(path)


def test_a_pipe_among_the_files_of_a_folder(tmp_path):
    for name in (INDEX, MANIFEST):
        os.mkfifo(tmp_path / name)
    assert index(tmp_path) == {}
    with pytest.raises(ValueError, match="folder must be the store of a sweep"):
        load(tmp_path)
