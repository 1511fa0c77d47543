"""Which kernel of `twolayer` evaluates which atoms, and the lines of source that call them."""

import sympy as sp

DOWN = "scaled.DOWN"

# A kernel -> the atoms it returns at u, in order; a prime marks an atom taken at -u. Cheapest first.
PLAIN: dict[str, tuple[str, ...]] = {
    "elementary.exp": ("exp",),
    "elementary.expm1": ("Expm1",),
    "elementary.log": ("log",),
    "elementary.log1p": ("Log1p",),
    "elementary.exp_neg_square": ("Gauss",),
    "elementary.erf": ("Erf",),
    "elementary.erfc": ("Erfc",),
    "elementary.normal_cdf": ("NormalCdf",),
    "elementary.softplus": ("Softplus",),
    "elementary.sin_cos": ("sin", "cos"),
    "elementary.erf_parts": ("Erf", "ErfSlope"),
    "elementary.normal_parts": ("NormalCdf", "NormalDensity"),
    "elementary.tanh_parts": ("Tanh", "SechSquared"),
    "elementary.sigmoid_parts": ("Sigmoid", "Sigmoid'"),
    "elementary.sigmoid_tanh_parts": ("Sigmoid", "Sigmoid'", "HalfTanh"),
    "elementary.softplus_parts": ("Softplus", "Sigmoid", "Sigmoid'"),
    "algebraic.asinh": ("Asinh",),
    "algebraic.atan": ("Atan",),
    "algebraic.log_square": ("LogSquare",),
    "algebraic.log_cosh": ("LogCosh",),
    "algebraic.sech": ("Sech",),
    "algebraic.sinh_cosh": ("Sinh", "Cosh"),
    "algebraic.hypot_parts": ("Hypot1m", "HypotSlope", "HypotInverse"),
}

# The same, where a fading atom comes as a number times a power of two, written after it.
SHIFTED: dict[str, tuple[str, ...]] = {
    "scaled.exp_shifted": ("exp*power",),
    "scaled.expm1_shifted": ("Expm1*power",),
    "scaled.gauss_shifted": (f"Gauss*{DOWN}",),
    "scaled.erf_shifted": ("Erf", f"ErfSlope*{DOWN}"),
    "scaled.erfc_shifted": ("Erfc*power",),
    "scaled.normal_shifted": ("NormalCdf*power", f"NormalDensity*{DOWN}"),
    "scaled.tanh_shifted": ("Tanh", f"SechSquared*{DOWN}"),
    "scaled.sigmoid_shifted": ("Sigmoid*power", f"SigmoidSlope*{DOWN}", "HalfTanh"),
}

# What an atom's value is called in the source; the others by their lower-case name.
NAMES = {
    "ErfSlope": "slope",
    "NormalCdf": "cdf",
    "NormalDensity": "density",
    "Sigmoid": "plus",
    "Sigmoid'": "minus",
    "SigmoidSlope": "slope",
    "HalfTanh": "half_tanh",
    "SechSquared": "sech2",
    "Hypot1m": "excess",
    "HypotSlope": "sine",
    "HypotInverse": "cosine",
    "LogSquare": "log_square",
    "LogCosh": "log_cosh",
}


class Fading(sp.Symbol):
    """The name of a factor that falls to 0: first in a product, lest what grows overflows alone."""


class Power(sp.Symbol):
    """The name of a power of two that a finished product is times: last in a product."""


class Calls:
    """Lines that call kernels for atoms, and what stands for each atom after them.

    Examples
    --------
    >>> from theory.expressions import atoms
    >>> z = sp.Symbol("z", real=True)
    >>> calls = Calls()
    >>> calls.add([atoms.Tanh(z), atoms.SechSquared(z)], z, "z", lifted=False)
    >>> calls.lines[0], calls.values[atoms.Tanh(z)]
    ('tanh, sech2 = elementary.tanh_parts(z)', tanh)
    """

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.values: dict[sp.Expr, sp.Expr] = {}
        self.taken: set[str] = set()

    def add(self, group: list[sp.Expr], argument: sp.Expr, source: str, lifted: bool) -> None:
        """Evaluate a group of atoms of `argument` or its negative, given the argument's source text.

        Where `lifted`, fading atoms come times powers of two.
        """
        straight = {type(atom).__name__: atom for atom in group if atom.args[0] == argument}
        mirrored = {type(atom).__name__: atom for atom in group if atom.args[0] != argument}
        minus = f"-{source}"
        if lifted:
            self._cover(SHIFTED, straight, source)
            self._cover(SHIFTED, mirrored, minus)
        self._cover(PLAIN, straight | {f"{name}'": atom for name, atom in mirrored.items()}, source)
        self._cover(PLAIN, mirrored, minus)

    def _cover(self, table: dict[str, tuple[str, ...]], wanted: dict[str, sp.Expr], source: str) -> None:
        """Call kernels of `table`, the most useful and cheapest first, as long as one is of use."""
        while missing := {name for name, atom in wanted.items() if atom not in self.values}:
            useful = {
                kernel: len(missing & {entry.split("*")[0] for entry in table[kernel]}) for kernel in table
            }
            kernel = max(table, key=lambda name: (useful[name], -len(table[name])))
            if not useful[kernel]:
                return
            self._call(kernel, table[kernel], wanted, source)

    def _call(self, kernel: str, entries: tuple[str, ...], wanted: dict[str, sp.Expr], source: str) -> None:
        names: list[str] = []
        for entry in entries:
            name, _, scale = entry.partition("*")
            used = name in wanted and wanted[name] not in self.values
            names.append(self.fresh(NAMES.get(name, name.lower())) if used else "_")
            symbol = sp.Symbol(names[-1])
            if scale == "power":
                names.append(self.fresh("power") if used else "_")
                symbol = Fading(names[-2]) * Power(names[-1])
            elif scale:
                symbol = Fading(names[-1]) * Power(scale)
            if used:
                self.values[wanted[name]] = symbol
        self.lines.append(f"{', '.join(names)} = {kernel}({source})")

    def fresh(self, name: str) -> str:
        """`name`, or with the first number that makes it new."""
        free = next(f"{name}{tail}" for tail in ["", *range(2, 1000)] if f"{name}{tail}" not in self.taken)
        self.taken.add(free)
        return free
