"""What callers give for a column, checked before it is bound where Postgres would not say which value is wrong: ids,
numbers that are too large, texts that are too long.

In: a column, and where its value comes from. Out: a `Value` that refuses with BAD_USER_INPUT and the place, or the
encoder of one value. Nothing is refused that Postgres would take.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from kapok.model.scalar_values import NotAValue
from kapok.model.types import Column, TypeKind
from kapok.query.encoding import Encoder, encode_text, encoder_of
from kapok.query.families import base_type
from kapok.query.ids import checked_id, is_checked
from kapok.query.values import Given, Reader, Source, Value, checked_reader

_TEXTS = frozenset({"varchar", "bpchar"})
#: VARHDRSZ, which type modifiers count.
_HEADER = 4


@dataclass(frozen=True, slots=True)
class GivenColumn:
    """A value of a column. path: the response path of the field; argument: where it is given."""

    source: Source
    column: Column
    path: tuple[str, ...] = field(compare=False)
    argument: str = field(compare=False)

    def reader(self) -> Reader:
        """The closure that finds, checks and encodes it. It raises BAD_USER_INPUT."""
        return checked_reader(self.source, column_encoder(self.column), self.path, self.argument)


def given_column(source: Source, column: Column, path: tuple[str, ...], argument: str) -> Value:
    """The value to write into a column."""
    encoder = encoder_of(column.type)
    return Given(source, encoder) if _check_of(column) is None else GivenColumn(source, column, path, argument)


def column_encoder(column: Column) -> Encoder:
    """The encoder of a value to write; it raises NotAValue with what the value must be."""
    return _check_of(column) or encoder_of(column.type)


def _check_of(column: Column) -> Encoder | None:
    base = base_type(column.type)
    if column.is_id and is_checked(column.type):
        return checked_id(column.type)
    if base.kind is not TypeKind.SCALAR or base.name.schema != "pg_catalog":
        return None
    if base.name.name == "int2":
        return _within(lambda value: -(2**15) <= value < 2**15, "must be between -32768 and 32767")
    if column.modifier < _HEADER:
        return None
    if base.name.name in _TEXTS:
        longest = column.modifier - _HEADER
        # Spaces too many are cut off.
        return _within(lambda value: not value[longest:].strip(" "), f"must have at most {longest} characters")
    return _decimal(column.modifier - _HEADER) if base.name.name == "numeric" else None


def _decimal(modifier: int) -> Encoder:
    """numeric(precision, scale): 11 bits of scale, which may be negative, below the precision (numeric.c)."""
    precision, scale = modifier >> 16, ((modifier & 0x7FF) ^ 0x400) - 0x400
    # Half a unit of the last place below the first number that is too large: what is rounded up to it.
    digits = tuple(map(int, str(5 * (2 * 10**precision - 1))))
    most = Decimal((0, digits, -scale - 1))

    def fits(value: Any) -> bool:
        number = Decimal(value)
        return number.is_nan() or number.copy_abs() < most

    return _within(fits, f"must fit numeric({precision},{scale})")


def _within(fits: Callable[[Any], bool], problem: str) -> Encoder:
    def encode(value: Any) -> bytes:
        if not fits(value):
            raise NotAValue(problem)
        return encode_text(value)

    return encode
