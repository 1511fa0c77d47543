"""One HTML page on the basins, and all that a run leaves in its folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from numerics.basin_study.answer import answer
from numerics.basin_study.classifiers import GOOD
from numerics.basin_study.figures import draw
from numerics.basin_study.problems import USUAL, limits
from numerics.basin_study.rows import as_csv
from numerics.basin_study.summary import summary
from numerics.basin_study.tables_shown import attacks, basins, known, predictors, student, ways, ways_of
from numerics.files.folders import write_json, write_text
from numerics.files.seals import sealed
from numerics.pages import Section, picture, study_page
from numerics.plotting import Drawn

Results = dict[str, Any]

LIMITS = (
    "A share is that of starts under one law, which is stated; another law of starts has other shares.",
    "A soft volume is that of a neighbourhood, not of a basin of attraction; where basins are measured "
    "themselves, by the flow, the page says so.",
    "Attacked minima are reached from where the attack has led, not from other random starts: that they are "
    "worse and smaller does not show that the volume is the cause.",
    "Minima of classifiers are not isolated, so those of different starts are not counted as one.",
)

WORDS = {
    "good": f"A minimum is good if it has at least {100 * GOOD:g} % of the test samples right. Only starts "
    "that fit every training sample are counted; their number is given as fitted.",
    "attacked start": "A start that was first trained with wrongly labelled samples added, and then followed "
    "on the genuine samples alone. The attack is given in percent of the genuine samples.",
    "soft volume": "The logarithm of the mean of exp(−1000 times the rise of the risk) under a Gaussian "
    "about a minimum: the volume of a neighbourhood with a soft edge.",
    "flow": "Gradient descent with infinitely small steps, solved as a differential equation with control of "
    "its error. Its basins are what the paper speaks of; it has no noise.",
    "rank correlation": "Spearman's: 1 if two numbers rise together, −1 if one falls as the other rises, 0 "
    "if neither tells of the other.",
    "verdict": "What an estimator of a volume says of its own number: trusted, doubtful or refused. A "
    "refused number is not used.",
    "interval": "In brackets, and behind ±, stand 95 % intervals: of shares Clopper and Pearson's, of means "
    "Student's, of rank correlations Bonett and Wright's.",
}

INTRODUCTION = (
    "Wu, Zhu and E explain that networks generalise by the volumes of basins of attraction: those of good "
    "minima are the larger ones. Here starts are followed to the minima they reach, which shows how large "
    "the basins are, and the volumes about the minima are measured beside them."
)


def write(folder: Path, results: Results, command: str = "", date: str = "") -> None:
    """Write results.json, minima.csv, summary.txt, the figures, their captions and report.html.

    Parameters
    ----------
    folder : Path
        An empty folder.
    results : dict
        Of :func:`numerics.basin_study.run.experiment`.
    command, date : str
        What made them, and when.
    """
    write_numbers(folder, results)
    write_pictures(folder, results, command, date)


def write_numbers(folder: Path, results: Results) -> None:
    """Write results.json, minima.csv and summary.txt."""
    write_json(folder / "results.json", sealed(results))
    write_text(folder / "minima.csv", as_csv(results))
    write_text(folder / "summary.txt", summary(results) + "\n")


def write_pictures(folder: Path, results: Results, command: str = "", date: str = "") -> None:
    """Write the figures, their captions and report.html."""
    drawn = draw(results, folder)
    write_text(folder / "captions.txt", "\n\n".join(each.text for each in drawn) + "\n")
    write_text(folder / "report.html", page(results, drawn, command, date))


def page(results: Results, drawn: list[Drawn], command: str = "", date: str = "") -> str:
    """Return the report as one self-contained HTML page.

    Parameters
    ----------
    results : dict
        Of :func:`numerics.basin_study.run.experiment`.
    drawn : list of Drawn
        Figures to embed.
    command, date : str
        What made them, and when.
    """
    said = answer(results)
    sections = [
        Section("What the words mean", terms=WORDS),
        Section("Figures", pictures=[picture(each) for each in drawn]),
        *measured(results),
        Section(
            "Volume estimators where the answer is known",
            text=["The figure of this name shows these numbers."] if results["known_volumes"] else [],
            folded=[known(results["known_volumes"])],
        ),
        Section("Limits", items=(*LIMITS, *limits(results.get("activation", USUAL)))),
        Section(
            "Conventions",
            terms={name.replace("_", " "): text for name, text in results["conventions"].items()},
        ),
        Section("How this was made", terms=provenance(results, command, date)),
    ]
    return study_page(said["question"], said["sentence"], INTRODUCTION, sections, results["stopped"])


def measured(results: Results) -> list[Section]:
    """The sections with the numbers of the study."""
    found = [
        Section("Good minima from random and from attacked starts", tables=[attacks(results["problems"])]),
        Section("The same starts by other ways down", tables=[ways(results["problems"])]),
    ]
    for each in results["students"]:
        about = (
            f"A teacher and its student are networks of the same kind; the student has {each['parameters']} "
            f"parameters, and {each['starts']} starts of it were followed by gradient flow. Shares are of "
            "all starts; the most frequent minimum comes first. Minima of one number under function have the "
            "same outputs, within a hundredth, at the samples and at points about them: they are one "
            "function that several sets of parameters give."
        )
        found.append(
            Section(
                f"Minima of a student that can be counted: problem {each['problem']}",
                text=[about],
                tables=[student(each), predictors(each), ways_of(each)],
            )
        )
    return [*found, Section("Volumes of true basins", tables=[basins(results["basins"])])]


def provenance(results: Results, command: str, date: str) -> dict[str, str]:
    """What made the numbers, by name."""
    facts = {
        "command": command,
        "date": date,
        "seed": str(results["seed"]),
        "activation": results.get("activation", USUAL),
        "versions": ", ".join(f"{name} {text}" for name, text in results["versions"].items()),
        "files": "results.json has every number, minima.csv one line per minimum.",
    }
    return {name: text for name, text in facts.items() if text}
