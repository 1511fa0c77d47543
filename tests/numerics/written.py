"""Small tables for tests of how data are read: what is in them, written and compared."""

import numpy as np

X = np.array([[1.0, 2.5], [3.0, -4.0], [5.0, 6e-3]])
Y = np.array([0, 1, 1])


def text(tmp_path, content, name="d.csv"):
    path = tmp_path / name
    path.write_text(content)
    return path


def same(found, y=Y):
    np.testing.assert_array_equal(found[0], X)
    np.testing.assert_array_equal(found[1], y)
