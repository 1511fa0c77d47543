"""The tables of rooms and files on the page of the architecture, from the packages' own docstrings."""

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("twolayer", "theory", "numerics")
BEGIN = "<!-- made by `python -m theory.pages --update` from the docstrings of the rooms -->\n"
END = "<!-- end of what is made -->\n"


def rooms_section() -> str:
    """A table of the rooms of each package, and a list of the files in every room."""
    parts = []
    for package in PACKAGES:
        folders = [ROOT / package, *_rooms(ROOT / package)]
        parts += [f"### `{package}/`\n", "| room | what lives there |", "|---|---|"]
        parts += [
            f"| `{_name(folder)}/` | {_escaped(_sentence(folder / '__init__.py'))} |" for folder in folders
        ]
        parts.append("")
        for folder in folders:
            parts += [f"`{_name(folder)}/`", "", *_files(folder), ""]
    return BEGIN + "\n" + "\n".join(parts) + END


def architecture_page(text: str) -> str:
    """The page `text` with the part between its marks made anew."""
    before, _, rest = text.partition(BEGIN)
    return before + rooms_section() + rest.partition(END)[2]


def _rooms(package: Path) -> list[Path]:
    inits = (path.parent for path in package.rglob("__init__.py"))
    return sorted(folder for folder in inits if folder != package)


def _files(folder: Path) -> list[str]:
    modules = (path for path in sorted(folder.glob("*.py")) if path.name != "__init__.py")
    return [f"- `{path.name}`: {_escaped(_sentence(path))}" for path in modules]


def _name(folder: Path) -> str:
    return folder.relative_to(ROOT).as_posix()


def _sentence(path: Path) -> str:
    """The first paragraph of a module's docstring, in one line."""
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return " ".join(text.split("\n\n")[0].split())


def _escaped(text: str) -> str:
    return text.replace("|", r"\|").replace("*", r"\*").replace("_", r"\_") if "`" not in text else text
