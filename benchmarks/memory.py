"""Peak memory of the exact Frobenius norm, in a process of its own.

``python -m benchmarks.memory N D M`` prints the peak and the part of it that importing took, in bytes.
"""

import resource
import subprocess
import sys

LIMIT = 2e9
UNIT = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss


def peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * UNIT


def measured(n: int, d: int, m: int) -> tuple[int, int]:
    """Bytes at the peak and after the imports, for one norm of an (n, d, m) problem."""
    command = [sys.executable, "-m", "benchmarks.memory", str(n), str(d), str(m)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    total, imports = map(int, done.stdout.split())
    return total, imports


def main() -> None:
    import twolayer as tl

    from .case import problem

    imports = peak()
    net, X, y = problem(*map(int, sys.argv[1:]))
    tl.Hessian(net, X, y).frobenius_norm()
    print(peak(), imports)


if __name__ == "__main__":
    main()
