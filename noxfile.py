"""The project's chores, one command each: ``nox -s NAME``. CONTRIBUTING.md says what each is for."""

import sys

import nox

nox.options.default_venv_backend = "none"  # chores run in the environment that nox is called from
nox.options.sessions = ["fast"]


@nox.session
def fast(session: nox.Session) -> None:
    """Every room's quick tests."""
    session.run(sys.executable, "-m", "pytest", "-n", "auto", "-m", "not slow", *session.posargs)


@nox.session
def tests(session: nox.Session) -> None:
    """The whole suite."""
    session.run(sys.executable, "-m", "pytest", "-n", "auto", *session.posargs)


@nox.session
def style(session: nox.Session) -> None:
    """Lint, format, types and the contracts between rooms."""
    session.run(sys.executable, "-m", "pytest", "tests/house/test_house.py", *session.posargs)


@nox.session
def regenerate(session: nox.Session) -> None:
    """Kernels from the expressions, pages from the records and docstrings."""
    session.run(sys.executable, "-m", "theory.emit", "--update")
    session.run(sys.executable, "-m", "theory.pages", "--update")


@nox.session
def record(session: nox.Session) -> None:
    """The run whose numbers README and pages quote, made anew and written into them."""
    session.run(sys.executable, "-m", "benchmarks.recorded", *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """The site, warnings being errors."""
    session.run(sys.executable, "-m", "sphinx", "-W", "--keep-going", "docs", "docs/_build", *session.posargs)


@nox.session
def benchmark(session: nox.Session) -> None:
    """One benchmark or more, by name."""
    session.run(sys.executable, "-m", "benchmarks", *session.posargs)
