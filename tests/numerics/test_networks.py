"""Saved networks: torch's and ours from npz and safetensors, and files that lie about themselves."""

import json
import struct

import numpy as np
import pytest

from numerics.files.networks import read_model
from numerics.files.safetensors import read_safetensors

RNG = np.random.default_rng(0)
STATE = {
    "0.weight": RNG.standard_normal((3, 2)),
    "0.bias": RNG.standard_normal(3),
    "2.weight": RNG.standard_normal((1, 3)),
    "2.bias": RNG.standard_normal(1),
}


def write(path, header, body=b""):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + body)
    return path


def saved(path, arrays, dtype="F64", kind="<f8"):
    header, body = {"__metadata__": {"format": "pt"}}, b""
    for name, array in arrays.items():
        content = array.astype(kind).tobytes()
        header[name] = {
            "dtype": dtype,
            "shape": list(array.shape),
            "data_offsets": [len(body), len(body) + len(content)],
        }
        body += content
    return write(path, header, body)


def expected(X):
    hidden = np.maximum(X @ STATE["0.weight"].T + STATE["0.bias"], 0)
    return (hidden @ STATE["2.weight"].T + STATE["2.bias"])[:, 0]


def test_arrays_of_scikit_learn(tmp_path):
    X = RNG.standard_normal((4, 2))
    arrays = {
        "coefs_0": STATE["0.weight"].T,
        "intercepts_0": STATE["0.bias"],
        "coefs_1": STATE["2.weight"].T,
        "intercepts_1": STATE["2.bias"],
    }
    np.savez(tmp_path / "m.npz", **arrays)
    for path in (tmp_path / "m.npz", saved(tmp_path / "m.safetensors", arrays)):
        np.testing.assert_allclose(read_model(path, "relu")(X), expected(X), rtol=1e-14)
    with pytest.raises(ValueError, match=r"activation of .* must be given"):
        read_model(tmp_path / "m.npz")


@pytest.mark.parametrize("name", ["m.pt", "m.pkl", "m.joblib"])
def test_pickles_are_not_opened(tmp_path, name):
    with pytest.raises(ValueError, match="a pickle, which could run any program: save the state with"):
        read_model(tmp_path / name)


def test_states_of_torch(tmp_path):
    X = RNG.standard_normal((4, 2))
    np.savez(tmp_path / "m.npz", **STATE)
    for path in (tmp_path / "m.npz", saved(tmp_path / "m.safetensors", STATE)):
        np.testing.assert_allclose(read_model(path, "relu")(X), expected(X), rtol=1e-14)
        with pytest.raises(ValueError, match="must be given, as in --activation relu"):
            read_model(path)
    named = {f"layers.{10 if name[0] == '2' else 9}{name[1:]}": array for name, array in STATE.items()}
    np.testing.assert_allclose(
        read_model(saved(tmp_path / "n.safetensors", named), "relu")(X), expected(X), rtol=1e-14
    )


def test_the_library_writes_what_is_read(tmp_path):
    library = pytest.importorskip("safetensors.numpy")
    library.save_file(STATE, tmp_path / "m.safetensors")
    found = read_safetensors(tmp_path / "m.safetensors")
    assert all((found[name] == array).all() for name, array in STATE.items())


@pytest.mark.parametrize(("dtype", "kind"), [("F32", "<f4"), ("F16", "<f2")])
def test_narrow_numbers_convert_exactly(tmp_path, dtype, kind):
    found = read_safetensors(saved(tmp_path / "m.safetensors", STATE, dtype, kind))
    assert (found["0.weight"] == STATE["0.weight"].astype(kind)).all()


def test_brain_floats(tmp_path):
    header = {"x": {"dtype": "BF16", "shape": [2], "data_offsets": [0, 4]}}
    assert read_safetensors(write(tmp_path / "m.safetensors", header, b"\x80\x3f\x40\xc0"))["x"].tolist() == [
        1,
        -3,
    ]


def test_ours(tmp_path):
    parts = {"a": np.ones(3), "W": np.ones((3, 2))}
    assert read_model(saved(tmp_path / "m.safetensors", parts)).activation.name == "tanh"
    assert read_model(saved(tmp_path / "m.safetensors", parts), "relu").activation.name == "relu"


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (b"{", "a header of 2 to"),
        (b"{]", "header in JSON"),
        (b"[" * 5000 + b"]" * 5000, "header"),
        ([], "an object as header"),
        ({"x": 3}, "must be one of F64"),
        ({"x": {"dtype": "I64", "shape": [1], "data_offsets": [0, 8]}}, "got I64"),
        ({"x": {"dtype": "F64", "shape": [-1], "data_offsets": [0, 8]}}, "a shape and two offsets"),
        ({"x": {"dtype": "F64", "shape": [True], "data_offsets": [0, 8]}}, "a shape and two offsets"),
        ({"x": {"dtype": "F64", "shape": [10**12], "data_offsets": [0, 8 * 10**12]}}, "within the file"),
        ({"x": {"dtype": "F64", "shape": [2], "data_offsets": [0, 8]}}, "within the file"),
    ],
)
def test_files_that_lie_are_refused(tmp_path, header, message):
    with pytest.raises(ValueError, match=message):
        read_safetensors(write(tmp_path / "m.safetensors", header, bytes(8)))


def test_what_is_no_model_is_refused(tmp_path):
    three = {**STATE, "4.weight": np.ones((1, 1))}
    for arrays, message in (
        (three, "one hidden layer; for more see numerics"),
        ({"x": np.ones(1)}, r"must hold a and W, or two \*\.weight \(torch\), or coefs_0 .*; got x"),
    ):
        with pytest.raises(ValueError, match=message):
            read_model(saved(tmp_path / "m.safetensors", arrays), "relu")
    (tmp_path / "m.safetensors").write_bytes(b"\xff" * 40)
    with pytest.raises(ValueError, match="a header of 2 to"):
        read_model(tmp_path / "m.safetensors")


def test_an_archive_of_a_version_that_is_not_there_yet(tmp_path):
    path = tmp_path / "m.npz"
    np.savez(path, a=np.ones(2), W=np.ones((2, 3)))
    raw = bytearray(path.read_bytes())
    at = raw.find(b"PK\x01\x02")
    while at >= 0:
        raw[at + 6] = 255  # the version needed to extract
        at = raw.find(b"PK\x01\x02", at + 4)
    path.write_bytes(raw)
    with pytest.raises(ValueError, match=r"m\.npz must be a readable npz file; got zip file version"):
        read_model(path)
