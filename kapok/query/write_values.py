"""Values of many rows as one parameter: an array with an element a row."""

from __future__ import annotations

from dataclasses import dataclass

from kapok.query.encoding import encode_array
from kapok.query.values import Reader, Value


@dataclass(frozen=True, slots=True)
class Texts:
    """A text[] of the text forms of several values."""

    values: tuple[Value, ...]

    def reader(self) -> Reader:
        readers = [value.reader() for value in self.values]

        def read(*given: object) -> bytes:
            found = [reader(*given) for reader in readers]  # type: ignore[arg-type]
            return encode_array([None if text is None else text.decode() for text in found])

        return read


@dataclass(frozen=True, slots=True)
class Positions:
    """An int4[] known while compiling."""

    numbers: tuple[int, ...]

    def reader(self) -> Reader:
        data = encode_array(self.numbers)
        return lambda *given: data
