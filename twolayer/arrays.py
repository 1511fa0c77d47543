"""Input validation: every array that enters the package passes through here, once.

Errors read ``name must be <wanted>; got <got>``.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .jit import kernel

Array = NDArray[np.float64]

LARGEST_INTEGER = 2.0**53  # below which every integer is a float64
DEEPEST = 64  # axes that numpy's arrays may have


def real_array(name: str, value: ArrayLike) -> Array:
    """Return `value` as a writable C-contiguous float64 array of finite numbers, of the same shape.

    Integers, booleans, other floats, objects that are numbers and torch's tensors are converted, in any
    order and byte order, if that is exact; read-only arrays are copied. Complex numbers, text, dates, what
    is missing, sparse arrays and masked entries are refused, with what to do instead.

    Raises
    ------
    ValueError
        If `value` is ragged, not numeric, complex, has NaN, infinite or masked entries, or a number that no
        float64 is equal to.

    Examples
    --------
    >>> real_array("y", np.array([1, 2], dtype=">i2"))
    array([1., 2.])
    """
    if is_ready(value):
        require_finite(name, value)  # type: ignore[arg-type]
        return value  # type: ignore[return-value]
    plain = _plain(name, value)
    array = _as_numpy(name, plain)
    if array.dtype.kind == "O":
        array = _of_objects(name, array)
    if array.dtype.kind not in "buif":
        raise ValueError(f"{name} must be an array of real numbers; got dtype {array.dtype}{_advice(array)}")
    with np.errstate(over="ignore"):
        converted = np.ascontiguousarray(array, dtype=np.float64).reshape(array.shape)
    require_finite(name, converted)
    _require_exact(name, plain, array, converted)
    return converted if converted.flags.writeable else converted.copy()


def kept_array(name: str, value: ArrayLike) -> Array:
    """`value` itself if it is a C-contiguous float64 array of any shape; else as :func:`real_array`.

    Such an array may be infinite: this is for every step of an iteration, which may diverge.
    """
    plain = type(value) is np.ndarray and value.dtype == np.float64 and value.dtype.isnative
    return value if plain and value.flags.c_contiguous else real_array(name, value)  # type: ignore[union-attr,return-value]


def is_ready(value: Any) -> bool:
    """Whether `value`, of any type and shape, needs no conversion; its entries may yet be infinite or NaN."""
    return type(value) is np.ndarray and value.dtype == np.float64 and value.flags.carray


def _as_numpy(name: str, value: Any) -> NDArray[Any]:
    """What numpy makes of `value`, an array of any shape, or one sentence."""
    try:
        return np.asarray(value)
    except ValueError:
        raise ValueError(
            f"{name} must be a rectangular array of real numbers; got rows of unequal length"
        ) from None
    except Exception as reason:
        kind, why = type(value).__name__, type(reason).__name__
        raise ValueError(
            f"{name} must be an array of real numbers; got {kind}, of which numpy makes none ({why})"
        ) from None


def _require_exact(name: str, value: ArrayLike, array: NDArray[Any], converted: Array) -> None:
    """Refuse a number that is not its float64: a large integer, or digits of a longer float."""
    if array.dtype.kind == "f" and array.dtype.itemsize > 8:
        wrong = converted.astype(array.dtype) != array
    elif _doubles(value, array) or converted.size == 0 or np.abs(converted).max() < LARGEST_INTEGER:
        return
    else:
        given = array if hasattr(value, "dtype") else np.asarray(value, dtype=object)
        pairs = zip(given.ravel().tolist(), converted.ravel().tolist(), strict=True)
        wrong = np.array([isinstance(v, int) and v != int(f) for v, f in pairs]).reshape(array.shape)
        array = given
    if wrong.any():
        where = tuple(int(i) for i in np.argwhere(wrong)[0])
        raise ValueError(
            f"{name} must be exact in float64; got {array[where]} at index {list(where)}: pass "
            f"{name}.astype(float) to round it"
        )


def _doubles(value: ArrayLike, array: NDArray[Any]) -> bool:
    """Whether the array given, of any shape, is of booleans, or of floats no longer than ours."""
    return array.dtype.kind == "b" or (array.dtype.kind == "f" and hasattr(value, "dtype"))


def _of_objects(name: str, array: NDArray[Any]) -> NDArray[Any]:
    """An array of Python's or numpy's own numbers, of any shape, as one of floats."""
    if not array.ndim:
        kind = "None" if array.item() is None else type(array.item()).__name__
        raise ValueError(f"{name} must be an array of real numbers; got {kind}{LISTED.get(kind, '')}")
    for where, entry in np.ndenumerate(array):
        if not isinstance(entry, (int, float, np.bool_, np.integer, np.floating)):
            kind = "text" if isinstance(entry, str) else str(entry)[:40] or type(entry).__name__
            raise ValueError(
                f"{name} must be an array of real numbers; got {kind} at index {list(where)}{_cure_of(entry)}"
            )
        if isinstance(entry, int) and not (abs(entry) < 2**1023 and int(float(entry)) == entry):
            raise ValueError(f"{name} must be exact in float64; got {str(entry)[:40]} at index {list(where)}")
    return array.astype(float)


LISTED = {"generator": ": pass a list of its rows"}


def _cure_of(entry: Any) -> str:
    """What to do about an entry that is no number."""
    if isinstance(entry, str):
        return ": map text to numbers first, or leave the column out"
    if hasattr(entry, "year"):
        return ": turn dates into numbers first, such as days since the first"
    if entry is None or type(entry).__name__ in ("NAType", "NaTType"):
        return ": fill or leave out what is missing"
    return ": convert it with astype(float)"


def _plain(name: str, value: Any) -> Any:
    """A tensor without its gradient, in double precision; others as they are, unless misread."""
    if hasattr(value, "detach") and hasattr(value, "cpu"):
        return _of_tensor(name, value)
    if hasattr(value, "toarray") and hasattr(value, "nnz"):
        raise ValueError(f"{name} must be a dense array; got a sparse one: pass {name}.toarray()")
    if _hides(value):
        raise ValueError(f"{name} must have all its entries; got a masked array: fill what is masked")
    return value


def _hides(value: Any, deep: int = DEEPEST) -> bool:
    """Whether a masked entry is in `value`, or in what it lists, as deep as numpy's arrays can be."""
    if isinstance(value, np.ma.MaskedArray):
        return bool(np.ma.is_masked(value))
    return (
        isinstance(value, (list, tuple))
        and deep > 0
        and any(
            _hides(each, deep - 1) for each in value if isinstance(each, (list, tuple, np.ma.MaskedArray))
        )
    )


def _of_tensor(name: str, tensor: Any) -> Any:
    """The numbers of a torch tensor."""
    if bool(tensor.is_complex()):
        raise ValueError(f"{name} must be real; got a complex tensor: pass {name}.real")
    if str(tensor.layout) != "torch.strided":
        raise ValueError(f"{name} must be a dense tensor; got a sparse one: pass {name}.to_dense()")
    if bool(getattr(tensor, "is_nested", False)):
        raise ValueError(f"{name} must be a rectangular tensor; got a nested one, of rows of unequal length")
    if bool(getattr(tensor, "is_quantized", False)):
        raise ValueError(f"{name} must hold real numbers; got a quantised tensor: pass {name}.dequantize()")
    if bool(getattr(tensor, "is_meta", False)):
        raise ValueError(f"{name} must hold numbers; got a tensor of torch's device 'meta', which holds none")
    return tensor.detach().cpu().double().numpy()


def _advice(array: np.ndarray) -> str:
    """What to do about an array of any shape that does not hold real numbers."""
    if array.dtype.kind in "mM":
        return ": turn dates into numbers first, such as days since the first"
    if array.dtype.kind == "c":
        return ": pass its real part"
    if array.dtype.kind == "V":
        return ": make columns of its fields, as in numpy.lib.recfunctions.structured_to_unstructured"
    return ": map text to numbers first" if array.dtype.kind in "US" else ""


def require_finite(name: str, array: Array) -> None:
    """Refuse NaN and infinity, naming the first offender. Arrays of any shape."""
    if not all_finite(array):
        where = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
        place = f" at index {list(where)}" if where else ""
        raise ValueError(f"{name} must be finite; got {array[where]}{place}")


def all_finite(values: Any) -> bool:
    """Whether there is neither NaN nor infinity among numbers of any shape."""
    if isinstance(values, np.ndarray) and values.dtype == np.float64 and values.flags.c_contiguous:
        return bool(_flat_finite(values.ravel()))
    if isinstance(values, float):
        return math.isfinite(values)
    if isinstance(values, list):
        return all(map(math.isfinite, values))
    return bool(np.isfinite(values).all())


@kernel
def _flat_finite(values):  # type: ignore[no-untyped-def]
    """Whether values (k,) are all finite, in one pass."""
    strange = 0
    for k in range(values.size):
        strange += 0 if abs(values[k]) < np.inf else 1
    return strange == 0


def require_shape(name: str, array: Array, wanted: tuple[int | str, ...], why: str = "") -> None:
    """Refuse `array` unless its shape matches `wanted`, whose text entries stand for any size >= 1."""
    if not _fits(array.shape, wanted):
        cure = _cure(name, array.shape, wanted)
        raise ValueError(f"{name} must be {shape_text(wanted)}{why}; got {shape_text(array.shape)}{cure}")


def _fits(shape: tuple[int, ...], wanted: tuple[int | str, ...]) -> bool:
    return len(shape) == len(wanted) and all(
        size >= 1 if isinstance(want, str) else size == want
        for size, want in zip(shape, wanted, strict=False)
    )


def _cure(name: str, shape: tuple[int, ...], wanted: tuple[int | str, ...]) -> str:
    """What would give an array the shape that is wanted, if a small thing would."""
    if shape != shape[::-1] and _fits(shape[::-1], wanted):
        return f": pass {name}.T"
    if len(shape) == 2 and shape[1] == 1 and _fits(shape[:1], wanted):
        return f": pass {name}[:, 0]"
    if len(shape) == 2 and shape[0] == 1 and _fits(shape[1:], wanted):
        return f": pass {name}[0]"
    if len(shape) == 1 and _fits((*shape, 1), wanted):
        return f": pass {name}[:, None]"
    if len(shape) == 1 and _fits((1, *shape), wanted):
        return f": pass {name}[None] for one sample"
    if len(shape) == 2 == len(wanted) and wanted[1] == shape[1] - 1:
        return ": one column too many, which may be the target, an index or a constant"
    return ""


def shape_text(shape: tuple[int | str, ...]) -> str:
    """A shape as numpy prints it, sizes or letters, with the letters' range.

    Examples
    --------
    >>> shape_text(("n", 3))
    '(n, 3) with n >= 1'
    """
    letters = [size for size in shape if isinstance(size, str)]
    body = "(" + ", ".join(map(str, shape)) + ("," if len(shape) == 1 else "") + ")"
    return body + (f" with {', '.join(letters)} >= 1" if letters else "")


def inputs(X: ArrayLike, d: int, first: str = "W") -> Array:
    """Inputs of shape (n, d), n >= 1; `first` is what the caller calls the weights that they meet."""
    array = real_array("X", X)
    require_shape("X", array, ("n", d), f" to match {first}")
    return array


def targets(y: ArrayLike, labels: str, n: int, outputs: int, scalar: bool, last: str = "a") -> NDArray[Any]:
    """Targets as the loss wants them: (n, q) float64, or (n,) int64 class labels.

    Parameters
    ----------
    labels : {"real", "binary", "classes"}
        What the loss accepts: any real number, 0 or 1, or integers 0..q-1.
    scalar : bool
        Whether the network's output is a scalar, so that `y` is (n,) rather than (n, q).
    last : str
        What the caller calls the weights that make the outputs.

    Raises
    ------
    ValueError
        If the shape or a label is not what the loss accepts.
    """
    array = real_array("y", y)
    if labels == "classes":
        return _classes(array, n, outputs)
    require_shape("y", array, (n,) if scalar else (n, outputs), f" to match X and {last}")
    if labels == "binary" and not np.isin(array, (0.0, 1.0)).all():
        values = np.unique(array)
        cure = f": pass (y == {values[1]:g}).astype(float)" if len(values) == 2 else ""
        raise ValueError(f"y must be labels 0 or 1; got {array[~np.isin(array, (0.0, 1.0))][0]}{cure}")
    return array.reshape(n, outputs)


def _classes(array: Array, n: int, outputs: int) -> NDArray[np.int64]:
    if outputs < 2:
        raise ValueError(f"a must be (q, m) with q >= 2 for softmax cross-entropy; got q = {outputs}")
    if array.shape == (n, outputs) and np.isin(array, (0.0, 1.0)).all() and (array.sum(axis=1) == 1).all():
        raise ValueError(
            f"y must be ({n},) to match X; got one-hot rows {array.shape}: pass y.argmax(axis=1)"
        )
    require_shape("y", array, (n,), " to match X")
    wrong = (array != np.floor(array)) | (array < 0) | (array >= outputs)
    if wrong.any():
        near = array.min() == 1 and array.max() == outputs
        cure = ": pass y - 1" if near else ""
        raise ValueError(f"y must be integer labels 0..{outputs - 1}; got {array[wrong][0]}{cure}")
    return array.astype(np.int64)


def names(given: Any) -> tuple[Any, ...]:
    """One name or several as a tuple, of one whatever is no sequence; who asks for them refuses strange ones.

    Examples
    --------
    >>> names("a"), names(["a", "W"]), names(None)
    (('a',), ('a', 'W'), (None,))
    """
    return tuple(given) if isinstance(given, Iterable) and not isinstance(given, (str, bytes)) else (given,)


def labels(name: str, value: Any) -> NDArray[Any]:
    """Labels of any kind, numbers or words, as an array of any shape in which none is missing.

    Raises
    ------
    ValueError
        If `value` is no array, or a label is masked, NaN, infinite or None.

    Examples
    --------
    >>> labels("y", ("cat", "dog")).tolist()
    ['cat', 'dog']
    """
    found = _as_numpy(name, _plain(name, value))
    entries = found.ravel()
    if found.dtype.kind in "fcmM":
        lost = ~np.isfinite(entries)
    else:
        lost = np.array([each is None for each in entries.tolist()], bool)
    if lost.any():
        wanted = "every label, a finite number or a word"
        raise ValueError(f"{name} must have {wanted}; got {entries[int(np.argmax(lost))]}")
    return found


def real_number(name: str, value: Any, wanted: str = "a number") -> float:
    """One real number of any type as the nearest float; a ValueError for all else, and beyond the floats.

    Examples
    --------
    >>> real_number("shift", 3), real_number("p", float("inf"))
    (3.0, inf)
    """
    try:
        if not isinstance(value, (bool, str, bytes)) and np.ndim(value) == 0:
            return float(value)
    except OverflowError:
        shown = f"an integer of more than {sys.float_info.max_10_exp} digits"
        raise ValueError(f"{name} must be {wanted} that fits into a float; got {shown}") from None
    except (TypeError, ValueError):
        pass
    raise ValueError(f"{name} must be {wanted}; got {value!r}")


def finite_number(name: str, value: Any) -> float:
    """One finite real number of any type as a float; a ValueError for all else.

    Examples
    --------
    >>> finite_number("shift", 3)
    3.0
    """
    number = real_number(name, value, "a finite number")
    if not np.isfinite(number):
        raise ValueError(f"{name} must be a finite number; got {value!r}")
    return number


class Overflow(ValueError):
    """A number beyond the floats where there must be none."""


def require_representable(what: str, values: Any, of: str = "a, W, b, c, X and y") -> None:
    """Refuse an overflow, naming what overflowed, and what it is made `of`."""
    if not all_finite(values):
        raise Overflow(f"{of} must give finite {what}; got overflow beyond 1.8e308: rescale them")
