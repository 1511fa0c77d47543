"""What tab completion offers of a face is what is public, and all of it is there."""

from importlib import import_module

import pytest

FACES = [
    "twolayer",
    "twolayer.testing",
    "theory",
    "numerics",
    *(f"numerics.{room}" for room in ("basins", "deep", "falsify", "landscape", "plots", "training")),
    *(f"numerics.{room}" for room in ("verify", "volume", "files.datasets", "landscape.potentials")),
    "numerics.training.attack_sets",
]


@pytest.mark.parametrize("name", FACES)
def test_dir_shows_the_public_names_and_no_others(name):
    face = import_module(name)
    assert sorted(dir(face)) == sorted(face.__all__)
    for public in face.__all__:
        assert not public.startswith("_")
        assert getattr(face, public) is not None
    with pytest.raises(AttributeError):
        face.no_such_name  # noqa: B018
