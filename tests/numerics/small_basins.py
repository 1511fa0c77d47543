"""The basin study made small, for tests of what it says."""

from dataclasses import replace

from numerics.basin_study import classifiers, run, students
from numerics.basin_study.problems import digits, spiral

TINY = replace(run.QUICK, student_starts=4, starts=1, attacks=(0, 100), steps=20)


def shrink(monkeypatch):
    """Few steps, few starts a piece, small problems."""
    monkeypatch.setattr(students, "BLOCK", 4)
    for module in (students, classifiers):
        monkeypatch.setattr(module, "DESCENT", {"steps": 300, "learning_rate": 0.1})
        monkeypatch.setattr(module, "STOCHASTIC", {"steps": 300, "learning_rate": 0.1, "batch_size": 5})
    monkeypatch.setattr(run, "spiral", lambda seed: spiral(seed, genuine=10, units=6))
    monkeypatch.setattr(run, "digits", lambda seed: digits(seed, genuine=20, units=3))
    monkeypatch.setattr(run, "QUICK", TINY)
