"""Risk and curvature in plain numpy, as a user would write them: the peer of the grid.

H = (1/n) sum_i J_i^T Lam_i J_i + (1/n) sum_i g_i d2f_i for f = A s(W x + b) + c, theta = (A, W, b, c).
"""

from dataclasses import dataclass

import numpy as np

Array = np.ndarray


@dataclass
class Plain:
    """A network with data; A (q, m), W (m, d), b (m,), c (q,), X (n, d), y (n, q) or classes (n,)."""

    A: Array
    W: Array
    b: Array
    c: Array
    X: Array
    y: Array
    activation: str
    loss: str

    def hidden(self) -> tuple[Array, Array, Array]:
        """s, s' and s'' at the pre-activations, each (n, m)."""
        Z = self.X @ self.W.T + self.b
        if self.activation == "relu":
            on = (Z > 0) * 1.0
            return Z * on, on, np.zeros_like(Z)
        S = np.tanh(Z)
        S1 = 1 - S**2
        return S, S1, -2 * S * S1

    def losses(self, F: Array) -> tuple[float, Array, Array | None]:
        """The risk, the derivatives g (n, q), and Lam (n, q, q), or None where it is the identity."""
        n = len(F)
        if self.loss == "squared":
            g = F - self.y
            return float((g**2).sum()) / (2 * n), g, None
        shifted = np.exp(F - F.max(axis=1, keepdims=True))
        p = shifted / shifted.sum(axis=1, keepdims=True)
        one = np.eye(F.shape[1])[self.y]
        Lam = p[:, :, None] * np.eye(F.shape[1]) - p[:, :, None] * p[:, None, :]
        return -float(np.log(p[np.arange(n), self.y]).mean()), p - one, Lam

    def risk(self) -> float:
        return self.losses(self.hidden()[0] @ self.A.T + self.c)[0]

    def gradient(self) -> Array:
        S, S1, _ = self.hidden()
        _, g, _ = self.losses(S @ self.A.T + self.c)
        back = (g @ self.A) * S1
        parts = g.T @ S, back.T @ self.X, back.sum(axis=0), g.sum(axis=0)
        return np.concatenate([part.ravel() for part in parts]) / len(self.X)

    def product(self, v: Array) -> Array:
        (q, m), d, n = self.A.shape, self.X.shape[1], len(self.X)
        vA, vW, vb, vc = np.split(v, np.cumsum([q * m, m * d, m]))
        S, S1, S2 = self.hidden()
        _, g, Lam = self.losses(S @ self.A.T + self.c)
        dZ = self.X @ vW.reshape(m, d).T + vb
        dF = S @ vA.reshape(q, m).T + (S1 * dZ) @ self.A.T + vc
        dg = dF if Lam is None else np.matmul(Lam, dF[:, :, None])[:, :, 0]
        back = (dg @ self.A + g @ vA.reshape(q, m)) * S1 + (g @ self.A) * S2 * dZ
        parts = dg.T @ S + g.T @ (S1 * dZ), back.T @ self.X, back.sum(axis=0), dg.sum(axis=0)
        return np.concatenate([part.ravel() for part in parts]) / n

    def hessian(self) -> Array:
        S, S1, S2 = self.hidden()
        _, g, Lam = self.losses(S @ self.A.T + self.c)
        (q, m), (n, d) = self.A.shape, self.X.shape
        D = S1[:, None, :] * self.A
        eye = np.broadcast_to(np.eye(q), (n, q, q))
        by_A = (np.eye(q)[:, :, None] * S[:, None, None, :]).reshape(n, q, q * m)
        by_W = (D[..., None] * self.X[:, None, None, :]).reshape(n, q, m * d)
        J = np.concatenate([by_A, by_W, D, eye], axis=2)
        P = J.shape[2]
        flat = J.reshape(n * q, P)
        H = flat.T @ (flat if Lam is None else np.matmul(Lam, J).reshape(n * q, P)) / n
        inputs = np.concatenate([self.X, np.ones((n, 1))], axis=1)
        V = (g @ self.A) * S2 / n
        for k in range(m):
            unit = np.r_[q * m + k * d : q * m + (k + 1) * d, q * m + m * d + k]
            H[np.ix_(unit, unit)] += (inputs * V[:, k : k + 1]).T @ inputs
            cross = (g * S1[:, k : k + 1]).T @ inputs / n
            rows = np.arange(q) * m + k
            H[np.ix_(rows, unit)] += cross
            H[np.ix_(unit, rows)] += cross.T
        return H

    def diagonal(self) -> Array:
        S, S1, S2 = self.hidden()
        _, g, Lam = self.losses(S @ self.A.T + self.c)
        n, q = g.shape
        curved = np.ones((n, q)) if Lam is None else np.einsum("ioo->io", Lam)
        through = (self.A**2).sum(axis=0) if Lam is None else ((Lam @ self.A) * self.A).sum(axis=1)
        weight = through * S1**2 + (g @ self.A) * S2
        parts = curved.T @ S**2, weight.T @ self.X**2, weight.sum(axis=0), curved.sum(axis=0)
        return np.concatenate([part.ravel() for part in parts]) / n
