"""Formulas typed by a user: a tokenizer and a recursive-descent parser over an allow-list.

Text never reaches ``eval``, ``sympify`` or ``parse_expr``. A :class:`Language` lists every name that may
occur; what a formula can cost is limited by its length, its nesting, its degree and the size of its numbers.

    relation := sum ("<" | "<=" | ">" | ">=" | "==") sum
    sum      := term (("+" | "-") term)*
    term     := signed (("*" | "/") signed)*
    signed   := ("+" | "-") signed | power
    power    := atom ("**" signed)?
    atom     := number | name | name "(" given ("," given)* ")" | "(" sum ")"
    given    := sum | relation, where the function wants a condition

A name of a language may hold signs, as ``trace(H)`` does: it is read as it stands, but for spaces.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property
from itertools import pairwise
from typing import NoReturn

import sympy as sp

MAX_LENGTH, MAX_TOKENS, MAX_DEPTH, MAX_DEGREE, MAX_DIGITS = 400, 150, 25, 64, 40
MAX_NUMBER = sp.Integer(10) ** 300

RELATIONS = {
    "<=": sp.LessThan,
    "<": sp.StrictLessThan,
    ">=": sp.GreaterThan,
    ">": sp.StrictGreaterThan,
    "==": sp.Eq,
}

TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|(?P<name>[A-Za-z_]\w*)|(?P<sign>\*\*|<=|>=|==|[-+*/(),<>]))",
    re.ASCII,
)
LEXEME = re.compile(r"\w+|[^\w\s]", re.ASCII)
SHOWN = 30  # names that an error lists at most


@dataclass(frozen=True)
class Function:
    """A function that a formula may call: how it is built, and its least and largest number of arguments.

    The first `conditions` of its arguments are inequalities.
    """

    build: Callable[..., sp.Expr]
    least: int = 1
    most: int = 1
    conditions: int = 0

    def arity(self) -> str:
        """The number of arguments in words."""
        count = str(self.least) if self.least == self.most else f"{self.least} to {self.most}"
        return f"{count} argument{'' if count == '1' else 's'}"


@dataclass(frozen=True)
class Language:
    """What a kind of formula may contain.

    Parameters
    ----------
    what : str
        The name of the argument, for error messages.
    wanted : str
        What the argument must be, for error messages.
    names : mapping of str to sympy.Expr
        Variables and constants; a name may hold signs, such as ``trace(H)``.
    functions : mapping of str to Function
        Functions.
    """

    what: str
    wanted: str
    names: Mapping[str, sp.Expr]
    functions: Mapping[str, Function] = field(default_factory=dict)

    @cached_property
    def signed_names(self) -> list[tuple[str, re.Pattern[str]]]:
        """The names that hold signs, each with a pattern that allows for spaces; the longest first."""
        signed = sorted((name for name in self.names if not name.isidentifier()), key=len, reverse=True)
        return [(name, _spaced(name)) for name in signed]


def _spaced(name: str) -> re.Pattern[str]:
    lexemes = LEXEME.findall(name)
    gaps = [
        r"\s+" if one[-1].isalnum() and other[0].isalnum() else r"\s*" for one, other in pairwise(lexemes)
    ]
    parts = [part for pair in zip(map(re.escape, lexemes), [*gaps, ""], strict=True) for part in pair]
    return re.compile(rf"\s*(?P<name>{''.join(parts)})" + (r"(?!\w)" if name[-1].isalnum() else ""), re.ASCII)


@dataclass(frozen=True)
class Token:
    """A piece of text; `kind` is "number", "name", "sign" or "end", `position` counts from 1."""

    kind: str
    text: str
    position: int


@dataclass(frozen=True)
class Term:
    """A parsed part with its degree, the sum of powers along its products."""

    expr: sp.Expr
    degree: int


def parse(text: str, language: Language) -> sp.Expr:
    """The expression that a formula stands for.

    Parameters
    ----------
    text : str
        The formula.
    language : Language
        What it may contain.

    Returns
    -------
    sympy.Expr

    Raises
    ------
    ValueError
        If the text is not a formula of the language, or is too large; the message gives the position.
    TypeError
        If it is not text.

    Examples
    --------
    >>> z = sp.Symbol("z", real=True)
    >>> parse("-z**2/4 + 0.5", Language("activation", "a polynomial in z", {"z": z}))
    1/2 - z**2/4
    """
    parser = Parser(text, language)
    term = parser.sum()
    parser.finish()
    return term.expr


def parse_relation(text: str, language: Language) -> sp.Rel:
    """The inequality that a formula stands for; parameters and errors as in :func:`parse`.

    Examples
    --------
    >>> z = sp.Symbol("z", real=True)
    >>> parse_relation("2*z <= 3", Language("claim", "an inequality in z", {"z": z}))
    2*z <= 3
    """
    parser = Parser(text, language)
    relation = parser.relation()
    parser.finish()
    return relation


class Parser:
    """One pass over one formula."""

    def __init__(self, text: str, language: Language) -> None:
        if not isinstance(text, str):
            raise TypeError(f"{language.what} must be {language.wanted}; got {type(text).__name__}")
        self.text, self.language = text, language
        self.tokens = self._tokens()
        self.index, self.depth = 0, 0

    @property
    def token(self) -> Token:
        """The token to be read next."""
        return self.tokens[self.index]

    def fail(self, problem: str, token: Token | None = None) -> NoReturn:
        """Raise the error of this formula: its `problem`, at `token` or at the one to be read next."""
        self._refuse(problem, (token or self.token).position)

    def _refuse(self, problem: str, at: int) -> NoReturn:
        shown = self.text if len(self.text) <= 60 else self.text[:57] + "..."
        raise ValueError(
            f"{self.language.what} must be {self.language.wanted}; got {shown!r}: {problem} at position {at}"
        )

    def finish(self) -> None:
        """Check that nothing is left."""
        if self.token.kind != "end":
            factor = self._begins_factor
            self.fail(f"unexpected {self.token.text!r}{'; write * between factors' if factor else ''}")

    @property
    def _begins_factor(self) -> bool:
        return self.token.kind in ("name", "number") or self.token.text == "("

    def relation(self) -> sp.Rel:
        """Two sums and an order sign between them."""
        left = self.sum()
        token = self._take(*RELATIONS)
        if token is None:
            factor = "; write * between factors" if self._begins_factor else ""
            self.fail(f"expected <=, <, >=, > or =={factor}")
        right = self.sum()
        return RELATIONS[token.text](left.expr, right.expr, evaluate=False)

    def sum(self) -> Term:
        """Terms with + and - between them."""
        total = self.term()
        while token := self._take("+", "-"):
            other = self.term()
            expr = total.expr + other.expr if token.text == "+" else total.expr - other.expr
            total = self._checked(expr, max(total.degree, other.degree), token)
        return total

    def term(self) -> Term:
        """Factors with * and / between them."""
        product = self.signed()
        while token := self._take("*", "/"):
            other = self.signed()
            if token.text == "/" and other.expr.is_zero:
                self.fail("division by zero", token)
            expr = product.expr * other.expr if token.text == "*" else product.expr / other.expr
            product = self._checked(expr, product.degree + other.degree, token)
        return product

    def signed(self) -> Term:
        """A power, with signs before it."""
        token = self._take("+", "-")
        if token is None:
            return self.power()
        self._enter(token)
        inner = self.signed()
        self.depth -= 1
        return Term(-inner.expr if token.text == "-" else inner.expr, inner.degree)

    def power(self) -> Term:
        """An atom, raised or not; ``**`` binds to the right and before a sign on its left."""
        base = self.atom()
        token = self._take("**")
        if token is None:
            return base
        self._enter(token)
        exponent = self.signed()
        self.depth -= 1
        return self._raised(base, exponent, token)

    def atom(self) -> Term:
        """A number, a name, a call or a sum in parentheses."""
        token = self.token
        if token.kind == "end" or (token.kind == "sign" and token.text != "("):
            self.fail("expected a number, a name or (")
        self.index += 1
        if token.kind == "number":
            return self._number(token)
        if token.kind == "sign":
            return self._arguments(token)[0]
        if self.token.text == "(" and token.text not in self.language.names:
            return self._call(token)
        if token.text not in self.language.names:
            self._unknown(token)
        expr = sp.sympify(self.language.names[token.text])
        return Term(expr, 0 if expr.is_number else 1)

    def _arguments(self, opening: Token, conditions: int = 0) -> list[Term]:
        """Sums separated by commas up to the closing parenthesis; one alone if it opens no call."""
        self._enter(opening)
        found = [self._condition() if conditions else self.sum()]
        while self._take(","):
            found.append(self._condition() if len(found) < conditions else self.sum())
        if not self._take(")"):
            self.fail("expected )")
        self.depth -= 1
        return found

    def _condition(self) -> Term:
        """An inequality, as an argument."""
        left = self.sum()
        token = self._take(*RELATIONS)
        if token is None:
            self.fail("expected <=, <, >= or >")
        right = self.sum()
        return Term(RELATIONS[token.text](left.expr, right.expr), max(left.degree, right.degree))

    def _call(self, name: Token) -> Term:
        function = self.language.functions.get(name.text)
        if function is None:
            self._unknown(name)
        opening = self._take("(")
        assert opening is not None
        given = self._arguments(opening, function.conditions)
        if not function.least <= len(given) <= function.most:
            self.fail(f"{name.text} takes {function.arity()}, not {len(given)},", name)
        expr = function.build(*(term.expr for term in given))
        return self._checked(expr, max(term.degree for term in given), name)

    def _raised(self, base: Term, exponent: Term, token: Token) -> Term:
        power = exponent.expr
        if not power.is_number:
            if not (base.expr.is_number and base.expr.is_positive):
                self.fail("a power with a variable exponent needs a positive number as its base", token)
            return self._checked(sp.exp(power * sp.log(base.expr)), exponent.degree, token)
        if not (power.is_Rational and (2 * power).is_Integer and abs(power) <= MAX_DEGREE):
            self.fail(f"an exponent must be a multiple of 1/2 up to {MAX_DEGREE}; this is none", token)
        if base.expr.is_zero and power.is_negative:
            self.fail("division by zero", token)
        return self._checked(base.expr**power, base.degree * max(1, int(sp.ceiling(abs(power)))), token)

    def _checked(self, expr: sp.Expr, degree: int, token: Token) -> Term:
        """A part that is neither too large nor meaningless."""
        if degree > MAX_DEGREE:
            self.fail(f"a degree above {MAX_DEGREE}", token)
        if expr.is_number:
            value = sp.N(expr)
            if not (value.is_real and value.is_finite):
                self.fail("a number that is not real", token)
            if abs(value) > MAX_NUMBER:
                self.fail("a number above 1e300", token)
        return Term(expr, degree)

    def _number(self, token: Token) -> Term:
        mantissa, _, exponent = token.text.lower().partition("e")
        if len(mantissa) > MAX_DIGITS or len(exponent) > 4 or abs(int(exponent or 0)) > 300:
            self.fail(f"a number with more than {MAX_DIGITS} digits or outside 1e-300 to 1e300", token)
        return Term(sp.Rational(mantissa) * sp.Integer(10) ** int(exponent or 0), 0)

    def _enter(self, token: Token) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            self.fail(f"more than {MAX_DEPTH} levels of nesting", token)

    def _take(self, *signs: str) -> Token | None:
        token = self.token
        if token.kind != "sign" or token.text not in signs:
            return None
        self.index += 1
        return token

    def _unknown(self, token: Token) -> NoReturn:
        known = {*self.language.names, *self.language.functions}
        phrase = self._phrase(token)
        near = get_close_matches(phrase, sorted(known), n=3)
        listed = [*self.language.names][:SHOWN] if len(known) > SHOWN else sorted(known)
        first = ", ".join(listed) + (", ..." if len(known) > SHOWN else "")
        hint = f"nearest: {', '.join(near)}" if near else f"known: {first}"
        arguments = token.text in self.language.functions
        self.fail(f"{token.text} needs its argument" if arguments else f"unknown {phrase!r} ({hint})", token)

    def _phrase(self, token: Token) -> str:
        """The name, with its argument in parentheses where the language has such names."""
        rest = self.text[token.position - 1 :]
        call = re.match(r"\w+\s*\([^()]{0,40}\)", rest, re.ASCII) if self.language.signed_names else None
        return call[0] if call else token.text

    def _tokens(self) -> list[Token]:
        if len(self.text) > MAX_LENGTH:
            self._refuse(f"{len(self.text)} characters, more than {MAX_LENGTH},", 1)
        tokens, position = [], 0
        end = len(self.text.rstrip())
        while position < end:
            signed = next(self._signed(position), None)
            if signed is not None:
                tokens.append(Token("name", *signed[:2]))
                position = signed[2]
                continue
            match = TOKEN.match(self.text, position)
            if match is None:
                position += len(self.text[position:]) - len(self.text[position:].lstrip())
                self._refuse(_odd(self.text[position]), position + 1)
            kind = str(match.lastgroup)
            tokens.append(Token(kind, match[kind], match.start(kind) + 1))
            position = match.end()
        if len(tokens) > MAX_TOKENS:
            self._refuse(f"more than {MAX_TOKENS} symbols", tokens[MAX_TOKENS].position)
        return [*tokens, Token("end", "", end + 1)]

    def _signed(self, position: int) -> Iterator[tuple[str, int, int]]:
        """The names with signs that stand here: the name, its place counting from 1, and where it ends."""
        for name, pattern in self.language.signed_names:
            if match := pattern.match(self.text, position):
                yield name, match.start("name") + 1, match.end()


def _odd(character: str) -> str:
    hint = {"^": "; write ** for a power", "=": "; write <= or >="}.get(character, "")
    return f"unexpected {character!r}{hint}"
