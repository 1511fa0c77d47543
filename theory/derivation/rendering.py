"""A derivation as one piece of text or LaTeX."""

from __future__ import annotations

from theory.derivation.forms import Forms
from theory.derivation.printing import latex, text
from theory.derivation.sections import Section


def as_text(derived: Forms, sections: tuple[Section, ...]) -> str:
    """All of a derivation, `derived` in `sections`, as plain text."""
    blocks = [f"{title(derived)}\n{convention(derived)[0]}"]
    for section in sections:
        lines = [f"  {equation.text()}" for equation in section.equations]
        lines += [f"  {remark}" for remark, _ in section.remarks]
        blocks.append("\n".join([section.title, *lines]))
    return "\n\n".join(blocks) + "\n"


def as_latex(derived: Forms, sections: tuple[Section, ...]) -> str:
    """All of a derivation, `derived` in `sections`, as LaTeX that needs amsmath alone."""
    blocks = [rf"\section*{{{title(derived, tex=True)}}}", convention(derived)[1]]
    blocks += [_latex_section(section) for section in sections]
    return "\n\n".join(blocks) + "\n"


def as_data(derived: Forms, sections: tuple[Section, ...]) -> dict[str, object]:
    """All of a derivation, `derived` in `sections`, as plain data."""
    shown = [
        {
            "title": section.title,
            "equations": [{"text": one.text(), "latex": one.latex()} for one in section.equations],
            "remarks": [{"text": text, "latex": latex} for text, latex in section.remarks],
        }
        for section in sections
    ]
    return {"title": title(derived), "convention": convention(derived)[0], "sections": shown}


def as_display(sections: tuple[Section, ...]) -> str:
    """All equations of the `sections` of a derivation as one displayed formula for a notebook."""
    rows = [equation.latex("&") for section in sections for equation in section.equations]
    body = " \\\\\n".join(rows)
    return f"$$\\begin{{aligned}}\n{body}\n\\end{{aligned}}$$"


def title(derived: Forms, tex: bool = False) -> str:
    """What is derived: activation, loss and number of outputs of `derived`, as LaTeX if `tex`."""
    expr = derived.activation.expr
    activation = f"$s(z) = {latex(expr)}$" if tex else f"s(z) = {text(expr)}"
    outputs = f"{derived.outputs} output{'s' if derived.outputs > 1 else ''}"
    return f"Two-layer network, {activation}, {_loss_name(derived)} loss, {outputs}"


def convention(derived: Forms) -> tuple[str, str]:
    """Loss, mean and layout of `derived`, as text and as LaTeX."""
    present = [True, True, derived.hidden_bias, derived.output_bias]
    parts = ("a", "a"), ("W row by row", r"W \text{ row by row}"), ("b", "b"), ("c", "c")
    kept = [part for part, there in zip(parts, present, strict=True) if there]
    plain, tex = (", ".join(part[side] for part in kept) for side in (0, 1))
    rows = f", with a of shape ({derived.outputs}, m) row by row" if derived.outputs > 1 else ""
    name, value = _loss_name(derived), derived.loss_value
    return (
        f"The risk is the mean (1/n) sum_i l_i over n samples of the {name} loss l = {text(value)}. "
        f"The parameters are theta = ({plain}){rows}.",
        r"The risk is the mean $\frac{1}{n} \sum_{i=1}^{n} \ell_{i}$ over $n$ samples of the "
        rf"{name} loss $\ell = {latex(value)}$. The parameters are $\theta = ({tex})${rows}.",
    )


def _latex_section(section: Section) -> str:
    rows = " \\\\\n".join(f"  {equation.latex('&')}" for equation in section.equations)
    remarks = "\n".join(remark for _, remark in section.remarks)
    block = f"\\subsection*{{{section.title}}}\n\\begin{{align*}}\n{rows}\n\\end{{align*}}"
    return f"{block}\n{remarks}" if remarks else block


def _loss_name(derived: Forms) -> str:
    return derived.loss.name.replace("_", "-")
