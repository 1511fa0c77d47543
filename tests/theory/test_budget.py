"""Work on formulas of strangers ends, whatever they are, and what is not a root is not proved."""

import json
import subprocess
import sys
import threading
import time

import pytest

import theory
import twolayer as tl
from theory.analysis.admission import activation_expression
from theory.certify import certify_quantity, check
from theory.certify.balls.activation import allowance
from theory.certify.balls.balls import Undecided, arb, proved_root
from theory.certify.certificate import fault
from theory.certify.file import digest, document
from theory.certify.json_fields import Refused, parsed
from theory.expressions.budget import Allowance, within
from theory.quantities.registry import QUANTITIES

SADDLE = (tl.TwoLayer([-1.0], [[1.0]], activation="square"), [[1.0]], [-5.0])  # H_bb = -4
HOSTILE = [
    "sin(" * 12 + "z" + ")" * 12,
    "gelu(" * 5 + "z" + ")" * 5,
    "(1+z+tanh(z)+sin(z)+exp(-z**2)+erf(z))**16",
    "sin(1e300*z)",
]


def forever(found):
    """What swallows errors does not swallow the end of time."""
    try:
        while True:
            pass
    except Exception:
        found.append("swallowed")


def test_work_is_stopped_in_its_own_thread():
    clock, found = time.monotonic(), []

    def work():
        with pytest.raises(ValueError, match=r"work must end within 0.1 s"), within(0.1, "work must end"):
            forever(found)
        found.append("stopped")

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(10)
    assert found == ["stopped"]
    assert time.monotonic() - clock < 5


def test_what_ends_in_time_is_left_alone():
    with within(60, "nothing"):
        made = sum(range(10))
    assert made == 45
    time.sleep(0.01)
    assert threading.active_count() < 50


AFTERWARDS = """
import cProfile
from theory.expressions.budget import within
for seconds in (60, 0.01):
    try:
        with within(seconds, "work must end"):
            while seconds < 1:
                pass
    except ValueError:
        print("stopped")
    cProfile.Profile().runcall(lambda: [each for each in range(9)])
print("profiled")
"""


def test_a_profile_afterwards_ends():
    """An interruption taken back, and not raised, would have a traced thread wait for it forever."""
    call = [sys.executable, "-c", AFTERWARDS]
    done = subprocess.run(call, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.split() == ["stopped", "profiled"]


@pytest.mark.slow
def test_work_that_ends_when_its_time_does():
    seconds, ends = 0.02, []
    for k in range(30):
        try:
            with within(seconds, "work must end"):
                until = time.thread_time() + seconds * (0.9 + k / 30)
                while time.thread_time() < until:
                    pass
            ends.append("done")
        except ValueError:
            ends.append("stopped")
    for _ in range(10**6):  # nothing is under way any more
        pass
    assert set(ends) == {"done", "stopped"}


def doze():
    for _ in range(1000):
        time.sleep(0.01)


def test_waiting_is_not_working_but_ends_too():
    clock = time.monotonic()
    with within(0.2, "waiting"):
        time.sleep(0.4)
    with pytest.raises(ValueError, match="waiting must end"), within(0.01, "waiting must end"):
        doze()
    assert time.monotonic() - clock < 8


def test_the_shorter_of_two_times_counts():
    with pytest.raises(ValueError, match="inner"), within(60, "outer"), within(0.05, "inner"):
        forever([])


@pytest.mark.parametrize("reason", [MemoryError, RecursionError])
def test_want_of_memory_is_said_in_words(reason):
    with pytest.raises(ValueError, match=reason.__name__), within(1, "it must be done"):
        raise reason


@pytest.mark.slow
@pytest.mark.parametrize("formula", HOSTILE)
def test_a_hostile_formula_ends(formula, monkeypatch):
    monkeypatch.setattr("theory.bridge.activation.SECONDS", 1.0)
    clock = time.monotonic()
    with pytest.raises(ValueError, match=r"activation must .* (within 1 s|memory|defined|a sine)"):
        theory.activation(formula)
    assert time.monotonic() - clock < 20


@pytest.mark.slow
@pytest.mark.parametrize("formula", ["sin(" * 9 + "z" + ")" * 9, *HOSTILE[1:3]])
@pytest.mark.parametrize("name", ["risk", "C1"])
def test_a_certificate_with_a_formula_of_long_work_is_refused_in_time(name, formula, tmp_path):
    made = document([certify_quantity(name, tl.TwoLayer([1.0], [[1.0]]), [[1.0]], [0.5])])
    made["certificates"][0]["network"]["activation"] = formula
    started = time.thread_time()
    with pytest.raises(Refused, match=r"is refused: .*(within 4.5 s|is not)"):
        check(rewritten(made, tmp_path))
    assert time.thread_time() - started < 8


def test_too_fast_a_sine_is_refused_before_any_work():
    started = time.thread_time()
    for formula in ("sin(1e300*z)", "cos(tanh(z)*1e200)", "sin(9007199254740993*z)"):
        with pytest.raises(ValueError, match=r"at most 2\^53 within a sine"):
            activation_expression(formula)
    assert time.thread_time() - started < 2


def test_blocks_share_what_they_may_take():
    allowance = Allowance(0.2)
    with allowance.within("the first"):
        until = time.thread_time() + 0.15
        while time.thread_time() < until:
            pass
    with (
        pytest.raises(ValueError, match=r"the second must end within 0.2 s"),
        allowance.within("the second must end"),
    ):
        forever([])
    with (
        pytest.raises(ValueError, match=r"the third must end within 0.2 s"),
        allowance.within("the third must end"),
    ):
        forever([])


def test_no_time_at_all_ends_in_words():
    """The end may come while the watching thread is being started."""
    for _ in range(50):
        with pytest.raises(ValueError, match="work must end within 0 s"), within(0.0, "work must end"):
            forever([])


def rewritten(made, folder):
    made["digest"] = digest({key: value for key, value in made.items() if key != "digest"})
    path = folder / "made.json"
    path.write_text(json.dumps(made))
    return path


def test_a_root_of_what_may_be_negative_is_not_proved():
    with pytest.raises(Undecided, match="a root is defined only if"):
        proved_root(arb(0, 1))
    with pytest.raises(Undecided, match="a root is defined only if"):
        certify_quantity("sum(|w| sqrt(H_bb))".replace("|w| ", "|w|"), *SADDLE)


@pytest.mark.parametrize("name", QUANTITIES)
def test_what_is_undefined_has_no_certificate(name):
    """At a saddle every number that has no finite value in floats has none in balls either."""
    from theory.bridge import network
    from theory.quantities.network import Situation

    net, X, y = SADDLE
    assert network is not None
    try:
        value = QUANTITIES[name].evaluate(Situation(net, X, y, "squared"))
    except Exception:  # not defined for this network at all: another test says so
        return
    if value.error < float("inf"):
        return
    with pytest.raises((Undecided, ValueError)):
        certify_quantity(name, net, X, y)


def test_a_lie_about_an_undefined_number_is_refused(tmp_path):
    made = document([certify_quantity("risk", *SADDLE)])
    made["certificates"][0]["claim"] |= {"name": "sum(|w|sqrt(H_bb))", "enclosure": ["0E+0", "0E+0"]}
    made["digest"] = digest({key: value for key, value in made.items() if key != "digest"})
    path = tmp_path / "lie.json"
    path.write_text(json.dumps(made))
    with pytest.raises(Refused, match="a root is defined only if"):
        check(path)


def test_what_a_formula_costs_is_counted_once_for_all_that_is_asked_of_it(monkeypatch):
    net = tl.TwoLayer([1.0], [[1.0]], activation="z + z**2/7")
    made = certify_quantity("risk", net, [[1.0]], [0.0])
    assert fault(made) == ""
    monkeypatch.setattr(allowance(made.subject.activation, False), "left", 0.0)
    assert "its activation must be understood" in fault(made)


@pytest.mark.parametrize(
    "text", ['"\\' * 20_000, '"' + "\\" * 40_001, "[" * 40_000, '{"a": "' + '\\"' * 20_000]
)
def test_quotes_that_never_close_are_refused_at_once(text):
    clock = time.process_time()
    with pytest.raises(Refused):
        parsed(text.encode())
    assert time.process_time() - clock < 1


def test_depth_is_counted_outside_quotes_alone():
    assert parsed(b'{"a[[[[[[[[[[[[[[[[": "]]]]\\"[[[[[[[[[[[[[[["}')
    with pytest.raises(Refused, match="nested at most"):
        parsed(b"[" * 13 + b"]" * 13)


@pytest.mark.parametrize("digits", ["١E+0", "1E+٣"])
def test_digits_of_other_scripts_are_no_digits(digits, tmp_path):
    made = document([certify_quantity("risk", *SADDLE)])
    made["certificates"][0]["claim"]["enclosure"] = [digits, "9E+9"]
    made["digest"] = digest({key: value for key, value in made.items() if key != "digest"})
    path = tmp_path / "digits.json"
    path.write_text(json.dumps(made))
    with pytest.raises(Refused, match=r"decimal|enclosure"):
        check(path)
