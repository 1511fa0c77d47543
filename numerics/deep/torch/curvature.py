"""The Hessian of any torch module's risk, as an operator with the method names of exact networks."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse.linalg import LinearOperator

from numerics.deep.hessian import Hessian
from numerics.deep.spectrum import DeepEigensystem, bounds_by_norms, product_of_logs
from numerics.deep.torch.admission import require_derivatives, require_module, require_outputs
from numerics.deep.torch.data import samples
from numerics.deep.torch.estimates import AT_ONCE, Sampled, sampled
from numerics.deep.torch.model import SAFETY, Model, modes_of, recorded
from numerics.deep.torch.recognition import network_of
from twolayer import arrays
from twolayer.arrays import Array
from twolayer.errors.measurement import Measurement
from twolayer.memory import available
from twolayer.operators.functions import SpectralFunctions
from twolayer.operators.spectral import require_not_zero
from twolayer.spectrum.enclosed import Spectrum, semidefinite
from twolayer.spectrum.extremes.records import Operator
from twolayer.spectrum.extremes.watch import Watch
from twolayer.spectrum.lapack import verified_eigenvalues

SMALL = 3000  # parameters up to which all P products are taken
PROBES = 90
COMPARED = 4  # products that are compared for it


class ModuleCurvature(SpectralFunctions):
    """The Hessian of a module's risk, or one of its two parts. Made by :func:`module_hessian`.

    A scipy LinearOperator of shape (P, P) over float64 vectors, whatever the precision of the module. What
    it says of eigenvalues is what ``twolayer.Hessian`` says, by "dense", all P products, and "lanczos".

    Nothing here is `exact`: autodiff through an arbitrary module has no rounding bound that is proved. Up to
    3000 parameters all products are taken, and errors are rounding as :meth:`rounding_error` estimates it;
    beyond, trace and Frobenius norm are estimates with standard errors, and eigenvalues come with residuals.

    Attributes
    ----------
    groups : tuple of str
        Names of the parameters included, as in ``named_parameters()``.
    convention : str
        Loss, factor, mean and parameter order.
    """

    def __init__(self, model: Model, newton: bool = True, residual: bool = True) -> None:
        self.model, self.parts = model, (newton, residual)
        LinearOperator.__init__(self, np.dtype(np.float64), (model.order, model.order))

    @property
    def groups(self) -> tuple[str, ...]:
        """Names of the parameters included."""
        return self.model.chosen

    @property
    def convention(self) -> str:
        """Loss, factor, mean and parameter order."""
        assert self.model.rule is not None
        return self.model.rule.convention

    @cached_property
    def gauss_newton(self) -> ModuleCurvature:
        """G = J^T Lam J."""
        return ModuleCurvature(self.model, True, False)

    @cached_property
    def residual(self) -> ModuleCurvature:
        """R = H - G."""
        return ModuleCurvature(self.model, False, True)

    def block(self, names: str | tuple[str, ...]) -> ModuleCurvature:
        """The principal block over some parameters.

        Raises
        ------
        ValueError
            If a name is not among this operator's.
        """
        chosen = (names,) if isinstance(names, str) else tuple(names)
        if not chosen or not set(chosen) <= set(self.groups):
            raise ValueError(f"names must be among {', '.join(self.groups)}; got {names!r}")
        kept = tuple(name for name in self.groups if name in chosen)
        return ModuleCurvature(replace(self.model, chosen=kept), *self.parts)

    def _matvec(self, vector: Any) -> Array:
        return np.asarray(self._products(arrays.real_array("vector", vector).reshape(1, -1))[0])

    def _products(self, V: Array, model: Model | None = None) -> Array:
        at = model or self.model
        given = at.X.new_tensor(V, dtype=at.dtype)
        found = at.products(given, *self.parts).cpu().double().numpy()
        arrays.require_representable("entries of the product", found, "parameters, X and y")
        return np.asarray(found)

    def _adjoint(self) -> ModuleCurvature:
        return self

    _transpose = _adjoint

    @cached_property
    def _matrix(self) -> Array:
        P = self.shape[0]
        if available() < 4 * 8 * P**2:
            raise MemoryError(f"P must be so small that P x P numbers fit into memory; got {P:,}")
        rows = [self._products(np.eye(min(AT_ONCE, P - at), P, at)) for at in range(0, P, AT_ONCE)]
        found = np.concatenate(rows)
        return np.asarray(0.5 * (found + found.T))

    def toarray(self) -> Array:
        """The (P, P) matrix, by P products; the mean of it and its transpose."""
        return self._matrix.copy()

    @cached_property
    def _rounding(self) -> float:
        import torch

        rng, kind = np.random.default_rng(0), torch.finfo(self.model.dtype)
        drawn = self.model.X.new_tensor(
            rng.standard_normal((COMPARED, self.shape[0])), dtype=self.model.dtype
        )
        V = drawn.cpu().double().numpy()
        here = self._products(V)
        apart = max(float(np.linalg.norm(here - self._products(V, other))) for other in self._others())
        found = apart + kind.eps * float(np.linalg.norm(here)) + kind.tiny * math.sqrt(here.size)
        return float(SAFETY * found / math.sqrt(COMPARED))

    def _others(self) -> Iterator[Model]:
        """Models that differ from this one by rounding: nearby ones, and itself in double precision."""
        for model in self.model.nearby():
            yield model.with_loss()
        with suppress(RuntimeError, TypeError, ValueError):  # a module may be for single precision alone
            if (double := self.model.in_double()).dtype != self.model.dtype:
                yield double.with_loss()

    def rounding_error(self) -> float:
        """An estimate, not a bound, of the Frobenius norm of the rounding errors of ``toarray()``.

        Eight times the largest change of the products with four random vectors when every parameter and every
        input is moved by a unit in its last place, three times at random, or when a module in single
        precision is run in double precision.
        """
        return self._rounding

    def diagonal(self) -> Array:
        """The diagonal, shape (P,); by all products, so that P must be at most 3000.

        Raises
        ------
        ValueError
            If P is larger.
        """
        if self.shape[0] > SMALL:
            raise ValueError(
                f"P must be at most {SMALL} for a diagonal; got P = {self.shape[0]:,}: see block()"
            )
        return self._matrix.diagonal().copy()

    def trace(self, method: str | None = None, probes: int = PROBES, seed: int = 0) -> Measurement:
        """Trace.

        Parameters
        ----------
        method : {None, "products", "estimate"}
            "products": all P of them. "estimate": Hutch++ from `probes` products, with its standard error.
            None: all products up to P = 3000.
        probes, seed : int

        Raises
        ------
        ValueError
            If an argument is out of range.
        """
        if self._all(method):
            error = math.sqrt(self.shape[0]) * self._rounding
            return self._measured(float(np.trace(self._matrix)), error, "all P products")
        found = self._sampled(probes, seed)
        return self._estimated(found.trace, found.trace_error, found)

    def frobenius_norm(self, method: str | None = None, probes: int = PROBES, seed: int = 0) -> Measurement:
        """Frobenius norm; arguments and errors as for :meth:`trace`."""
        if self._all(method):
            return self._measured(float(np.linalg.norm(self._matrix)), self._rounding, "all P products")
        found = self._sampled(probes, seed)
        return self._estimated(*found.norm(), found)

    def _all(self, method: str | None) -> bool:
        if method not in (None, "products", "estimate"):
            raise ValueError(f"method must be None, products or estimate; got {method!r}")
        return method == "products" or (method is None and self.shape[0] <= SMALL)

    def _sampled(self, probes: int, seed: int) -> Sampled:
        if (probes, seed) not in self._samples:
            self._samples[probes, seed] = sampled(self._products, self.shape[0], probes, seed)
        return self._samples[probes, seed]

    @cached_property
    def _samples(self) -> dict[tuple[int, int], Sampled]:
        return {}

    @cached_property
    def eigensystem(self) -> DeepEigensystem:  # type: ignore[override]
        """What answers the questions about eigenvalues."""
        P = int(self.shape[0])
        nuclear = self.trace if self.parts == (True, False) else None
        options = {"dense": (self._spectrum, P)}
        small = "dense" if P <= SMALL else ""
        return DeepEigensystem(
            P, self.convention, options, lambda watch: small, self._operator, nuclear, exact=False
        )

    def _spectrum(self, watch: Watch) -> Spectrum:
        values, error = verified_eigenvalues(self._matrix, watch=watch)
        distance = error + self._rounding
        found = Spectrum(values, np.full(len(values), distance), distance, "dense, all P products")
        assert self.model.rule is not None
        return found if self.parts[1] else semidefinite(found, self.model.rule.G.numel())

    def _operator(self, watch: Watch) -> Operator:
        return Operator(self.shape[0], self._matvec, self._rounding, math.inf)

    def spectral_distribution(
        self, grid: ArrayLike, method: str | None = None, **watched: Any
    ) -> Measurement:
        """Number of eigenvalues below each point of a grid (g,), as for two layers."""
        return replace(super().spectral_distribution(grid, method, **watched), exact=False)

    def stable_rank(self, method: str | None = None, **watched: Any) -> Measurement:
        """``|H|_F^2 / |H|_2^2``; arguments as for :meth:`spectral_norm`."""
        largest = self.spectral_norm(method, **watched)
        require_not_zero(float(largest), float(largest.error))
        return (self.frobenius_norm() / largest) ** 2

    def log_product(self, k: int, method: str | None = None) -> Measurement:
        """Sum of the logarithms of the `k` largest eigenvalues.

        Raises
        ------
        ValueError
            If one of them may not be positive.
        """
        return product_of_logs(self.eigenvalues(k, method=method), k, self.convention)

    def eigenvalue_bounds(self) -> tuple[Measurement, Measurement]:
        """Bounds of the largest eigenvalue from trace and Frobenius norm alone (Wolkowicz and Styan 1980)."""
        return bounds_by_norms(self.trace(), self.frobenius_norm(), self.shape[0])

    def input_gradient(self) -> Measurement:
        """E|grad_x f|^2 over the samples, summed over outputs; the error is an estimate of rounding.

        Raises
        ------
        ValueError
            If inputs are whole numbers, by which nothing can be differentiated.
        """
        if not self.model.X.is_floating_point():
            raise ValueError(f"X must be floating-point for a gradient by inputs; got {self.model.X.dtype}")
        import torch

        value = self.model.input_gradient()
        apart = max(abs(value - other.input_gradient()) for other in self._others())
        rounding = torch.finfo(self.model.dtype).eps * value
        return self._measured(value, SAFETY * (apart + rounding), "autodiff")

    def _estimated(self, value: float, error: float, found: Sampled) -> Measurement:
        return self._measured(value, error + self._rounding, f"Hutch++, {found.products} products")

    def _measured(self, value: Any, error: Any, method: str) -> Measurement:
        return Measurement(value, error, False, method, self.convention)

    def __repr__(self) -> str:
        return f"ModuleCurvature(P = {self.shape[0]}; {self.convention})"


def module_hessian(
    module: Any, X: Any, y: Any = None, loss: Any = "squared", *, batch_size: int = 500
) -> Hessian | ModuleCurvature:
    """Hessian of the risk of a ``torch.nn.Module``, on the CPU or a GPU, in single or double precision.

    Parameters
    ----------
    module : torch.nn.Module
        Outputs (n, q), or (n,), each of one sample alone. A Sequential of Linear and activation layers
        becomes an exact :class:`numerics.deep.Hessian`, on the CPU; see :func:`network_of`.
    X : array_like or tensor, shape (n, ...)
        Inputs; or a ``DataLoader`` that does not shuffle, `y` being None.
    y : array_like or tensor
        Targets (n, q), or labels as for :class:`numerics.deep.Hessian`.
    loss : str, Loss or callable
        A loss of the package, averaged over the samples; or ``loss(outputs, y)``, such as
        ``torch.nn.MSELoss()``, which is taken as it is, at all outputs at once.
    batch_size : int
        Samples that are run at once.

    Returns
    -------
    numerics.deep.Hessian or ModuleCurvature
        Parameters, buffers and data are those of now; the order of theta is that of ``module.parameters()``.

    Raises
    ------
    ValueError
        If the module has dropout or batch normalisation in training mode, random layers or such as work in
        place, parameters without gradient, or outputs of a sample that depend on others; if torch cannot
        differentiate it twice; if a loader shuffles; or if data, targets or outputs do not fit.
    TypeError
        If `module` is no module, or targets are missing.
    ImportError
        If torch is not installed.
    """
    _require_torch()
    require_module(module)
    if isinstance(batch_size, bool) or not hasattr(batch_size, "__index__") or batch_size < 1:
        raise ValueError(f"batch_size must be a positive whole number; got {batch_size!r}")
    inputs, targets = samples(X, y)
    net = network_of(module) if isinstance(loss, str) else None
    if net is not None and _flat_enough(module, inputs):
        flat, labels = (
            arrays.real_array("X", inputs.reshape(len(inputs), -1)),
            arrays.real_array("y", targets),
        )
        single = labels.ndim == 1 and net.n_outputs == 1
        return Hessian(net, flat, labels[:, None] if single else labels, loss)
    return ModuleCurvature(_model(module, inputs, targets, loss, batch_size))


@recorded
def _model(module: Any, X: Any, y: Any, loss: Any, rows: int) -> Model:
    """What is measured, admitted."""
    named = {name: each.detach().clone().requires_grad_() for name, each in module.named_parameters()}
    like = next(iter(named.values()))
    X = X.to(like.device, like.dtype) if X.is_floating_point() else X.to(like.device)
    X = X.clone() if X.is_inference() else X
    buffers = {name: each.detach().clone() for name, each in module.named_buffers()}
    given = Model(module, named, tuple(named), X, y, loss, None, rows, buffers, modes_of(module))
    require_outputs(given)
    model = given.with_loss()
    require_derivatives(model)
    return model


def _flat_enough(module: Any, X: Any) -> bool:
    """Whether inputs are vectors, or the module begins by making them so."""
    first: Any = next((layer for layer in module.modules() if not list(layer.children())), None)
    flattens = type(first).__name__ == "Flatten" and (first.start_dim, first.end_dim) == (1, -1)
    return X.dim() == 2 or (flattens and X.dim() > 2)


def _require_torch() -> None:
    try:
        import torch  # noqa: F401
    except ImportError as missing:
        raise ImportError("torch must be installed: pip install '.[torch]' in a clone") from missing
