"""The filter language: `genres = "Comedy" AND (year >= 1990 OR rating EXISTS)`, also available as objects.

    condition   field = value, !=, <, <=, >, >=, field IN [value, ...], field NOT IN [...], field low TO high,
                field EXISTS, field NOT EXISTS
    field       its name, in quotes if it contains spaces or is one of the language's keywords
    value       number, true, false, "text", 'text' or a bare word
    filter      conditions joined by NOT, AND, OR (highest precedence first) and parentheses

An item that lacks a field meets `!=`, `NOT IN` and `NOT EXISTS` on it and no other condition. On a field with several
values, a condition is met when one of them meets it, and `!=` and `NOT IN` when none of them is among those named.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from lark import Lark, ParseTree, Token, Transformer, Tree, UnexpectedInput, v_args

from catalog.errors import InvalidQuery
from catalog.unicode import composed

MAX_CHARACTERS = 4_000
MAX_DEPTH = 20
MAX_VALUES = 200

GRAMMAR = r"""
    ?start: any
    ?any: all (_OR all)*
    ?all: not (_AND not)*
    ?not: _NOT not -> negation | "(" any ")" | condition
    condition: field COMPARISON value                -> comparison
        | field _IN "[" value ("," value)* "]"       -> membership
        | field _NOT _IN "[" value ("," value)* "]"  -> no_membership
        | field NUMBER _TO NUMBER                    -> between
        | field _EXISTS                              -> exists
        | field _NOT _EXISTS                         -> no_exists
    ?field: NAME | STRING
    ?value: NUMBER | STRING | NAME
    COMPARISON: "!=" | "<=" | ">=" | "=" | "<" | ">"
    _AND.2: /AND(?![\w.-])/i
    _OR.2: /OR(?![\w.-])/i
    _NOT.2: /NOT(?![\w.-])/i
    _IN.2: /IN(?![\w.-])/i
    _TO.2: /TO\b/i
    _EXISTS.2: /EXISTS(?![\w.-])/i
    NUMBER.1: /[+-]?(\d+(\.\d+)?|\.\d+)([eE][+-]?\d{1,3})?(?![\w.])/
    STRING: /"(\\.|[^"\\])*"|'(\\.|[^'\\])*'/s
    NAME: /[^\W\d][\w.\u0300-\u036f-]*/
    %ignore /\s+/
"""
EXPECTED = {
    "NAME": "a field or a word",
    "COMPARISON": "=, !=, <, <=, > or >=",
    "NUMBER": "a number",
    "STRING": "a quoted text",
    "LSQB": "[",
    "RSQB": "]",
    "LPAR": "(",
    "RPAR": ")",
    "COMMA": "a comma",
    "$END": "the end",
}


class FilterError(InvalidQuery):
    """The filter cannot be parsed. `position` counts characters from 0; `expected` says what would be valid there."""

    def __init__(self, message: str, *, position: int = 0, expected: str = "") -> None:
        detail = f"{message} Expected {expected}." if expected else message
        super().__init__(detail, field="filter", code="invalid_filter")
        self.position = position
        self.expected = expected


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """A value as written; `quoted` texts are never read as numbers."""

    text: str
    quoted: bool = True
    position: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """`operator` is a comparison, `in`, `between` (both ends included) or `exists`."""

    field: str
    operator: str
    values: tuple[Value, ...] = ()
    position: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Not:
    part: Filter


@dataclass(frozen=True, slots=True, kw_only=True)
class And:
    parts: tuple[Filter, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Or:
    parts: tuple[Filter, ...]


Filter = Condition | Not | And | Or

#: The operators that compare by size. PostgreSQL spells them the same in SQL and in JSON paths.
ORDER_OPERATORS = frozenset({"<", "<=", ">", ">="})


@v_args(inline=True)
class _Builder(Transformer[Token, Filter]):
    def any(self, *parts: Filter) -> Filter:
        return Or(parts=parts)

    def all(self, *parts: Filter) -> Filter:
        return And(parts=parts)

    def negation(self, part: Filter) -> Filter:
        return Not(part=part)

    def comparison(self, field: Token, operator: Token, value: Token) -> Filter:
        if operator == "!=":
            return Not(part=_condition(field, "=", value))
        return _condition(field, str(operator), value)

    def membership(self, field: Token, *values: Token) -> Filter:
        return _condition(field, "in", *values)

    def no_membership(self, field: Token, *values: Token) -> Filter:
        return Not(part=_condition(field, "in", *values))

    def between(self, field: Token, low: Token, high: Token) -> Filter:
        return _condition(field, "between", low, high)

    def exists(self, field: Token) -> Filter:
        return _condition(field, "exists")

    def no_exists(self, field: Token) -> Filter:
        return Not(part=_condition(field, "exists"))


def _condition(field: Token, operator: str, *values: Token) -> Condition:
    name = composed(_text(field))
    form = str if name == "external_id" else composed
    compared = tuple(
        Value(text=form(_text(value)), quoted=value.type == "STRING", position=value.start_pos or 0) for value in values
    )
    return Condition(field=name, operator=operator, values=compared, position=field.start_pos or 0)


def _text(token: Token) -> str:
    return _unescape(str(token)[1:-1]) if token.type == "STRING" else str(token)


def _unescape(text: str) -> str:
    """Remove backslashes, keeping the characters they escape."""
    kept, protected = [], False
    for character in text:
        protected = character == "\\" and not protected
        if not protected:
            kept.append(character)
    return "".join(kept)


@cache
def _parser() -> Lark:
    return Lark(GRAMMAR, parser="lalr", maybe_placeholders=False)


def parse(text: str) -> Filter | None:
    """Parse a filter; None when it is empty. Raises FilterError. Fields are checked when it is compiled."""
    if not text.strip():
        return None
    _check_bounds(text)
    try:
        tree = _parser().parse(text)
    except UnexpectedInput as error:
        raise _syntax_error(text, error) from error
    _check_size(tree)
    return _Builder().transform(tree)


def _check_bounds(text: str) -> None:
    if len(text) > MAX_CHARACTERS:
        raise FilterError(f"A filter may have at most {MAX_CHARACTERS:,} characters.", position=MAX_CHARACTERS)
    for position, character in enumerate(text):
        if character == "\0" or "\ud800" <= character <= "\udfff":
            raise FilterError("The filter contains an invalid character.", position=position)


def _check_size(tree: ParseTree) -> None:
    """Bound the work for the database; the parser itself accepts any depth."""
    values, open_trees = 0, [(tree, 1)]
    while open_trees:
        part, depth = open_trees.pop()
        if depth > MAX_DEPTH:
            raise FilterError(f"A filter may nest NOT, AND and OR at most {MAX_DEPTH} deep.")
        open_trees += [(child, depth + 1) for child in part.children if isinstance(child, Tree)]
        values += sum(isinstance(child, Token) and child.type != "COMPARISON" for child in part.children[1:])
    if values > MAX_VALUES:
        raise FilterError(f"A filter may compare with at most {MAX_VALUES} values.")


def _syntax_error(text: str, error: UnexpectedInput) -> FilterError:
    names = getattr(error, "accepts", None) or getattr(error, "expected", None) or getattr(error, "allowed", None) or ()
    wanted = sorted({EXPECTED.get(name, name.lstrip("_")) for name in names})
    position = min(error.pos_in_stream if error.pos_in_stream is not None else len(text), len(text))
    if isinstance(token := getattr(error, "token", None), Token) and token.type == "$END":
        position = len(text)
    rest = text[position : position + 20]
    wrong = f"has an unexpected “{rest}” at character {position + 1}" if rest else "ends too early"
    return FilterError(f"The filter {wrong}.", position=position, expected=" or ".join(wanted))


def selection(
    chosen: Mapping[str, Sequence[str]], ranges: Mapping[str, tuple[float | None, float | None]]
) -> Filter | None:
    """The filter of a page's form: any of the chosen values of each field, and ranges; an end that is None is open."""
    parts: list[Filter] = [
        Condition(
            field=field, operator="in", values=tuple(Value(text=composed(value), quoted=False) for value in values)
        )
        for field, values in chosen.items()
        if values
    ]
    for field, (low, high) in ranges.items():
        for operator, bound in ((">=", low), ("<=", high)):
            if bound is not None:
                parts.append(
                    Condition(field=field, operator=operator, values=(Value(text=f"{bound:.17g}", quoted=False),))
                )
    return conjunction(*parts)


def conjunction(*filters: Filter | None) -> Filter | None:
    """The filter that asks for all of these; None stands for no condition."""
    parts = tuple(part for part in filters if part is not None)
    if len(parts) > 1:
        return And(parts=parts)
    return parts[0] if parts else None


def disjunction(*filters: Filter | None) -> Filter | None:
    """The filter that asks for any of these; None where all of them are None."""
    parts = tuple(part for part in filters if part is not None)
    if len(parts) > 1:
        return Or(parts=parts)
    return parts[0] if parts else None
