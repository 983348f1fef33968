"""Values that rules take from the verified token: `$sub`, `$claims.org.id`.

In: the principal's claims, when an operation runs. Out: text-format bytes; None (NULL) for a claim that is missing or
is no value of the type it is compared with, so that such a comparison is never true.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import orjson

from kapok.errors import KapokError
from kapok.model.scalar_values import PARSERS, NotAValue
from kapok.model.types import PgType, TypeKind
from kapok.query.encoding import encode, encode_array, encode_text
from kapok.query.families import base_type
from kapok.query.values import Claims, Reader, Variables

#: Texts of claims whose encoded form is kept for each type, and how long such a text may be.
KEPT_TEXTS, LONGEST_KEPT = 5000, 100
_INT_BITS = {"int2": 16, "int4": 32}


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim as a value of `type`. path: keys from the token's claims to it. many: as a list of such values."""

    path: tuple[str, ...]
    type: PgType
    many: bool = False

    def reader(self) -> Reader:
        """The closure that finds and encodes it."""
        find = _finder(self.path)
        if self.many:
            convert = converter(self.type)
            return lambda variables, row_cap, claims: _encoded_list(find(claims), convert)
        encoded = _encoder(self.type)
        return lambda variables, row_cap, claims: encoded(find(claims))


def _encoded_list(found: Any, convert: Callable[[Any], Any]) -> bytes | None:
    try:
        return encode_array([convert(item) for item in found]) if isinstance(found, list) else None
    except (NotAValue, KapokError):
        return None


@lru_cache(maxsize=500)
def _encoder(type_: PgType) -> Callable[[Any], bytes | None]:
    """From a claim to its bytes; shared by all parameters of a type, so that a user's id is checked once."""
    convert = converter(type_)

    def encoded(found: Any) -> bytes | None:
        try:
            return None if found is None else encode(convert(found))
        except (NotAValue, KapokError):
            return None

    of_text = lru_cache(maxsize=KEPT_TEXTS)(encoded)
    return lambda found: of_text(found) if found.__class__ is str and len(found) <= LONGEST_KEPT else encoded(found)


@dataclass(frozen=True, slots=True)
class ClaimList:
    """A list written in a rule, with claims in it: texts of values, None, or `Claim`s.

    loose: a missing claim is a NULL element (as `in` and `notIn` take it); else it makes the whole list NULL.
    """

    items: tuple[Claim | str | None, ...]
    loose: bool = True

    def reader(self) -> Reader:
        """The closure that puts it together."""
        readers = [item.reader() if isinstance(item, Claim) else None for item in self.items]
        constants = [None if isinstance(item, Claim) else item for item in self.items]

        def read(variables: Variables, row_cap: int, claims: Claims) -> bytes | None:
            values = constants.copy()
            for index, reader in enumerate(readers):
                if reader is not None:
                    found = reader(variables, row_cap, claims)
                    if found is None and not self.loose:
                        return None
                    values[index] = None if found is None else found.decode()
            return encode_array(values)

        return read


def claims_of(value: object) -> tuple[Claim, ...]:
    """The claims a value is made from."""
    if isinstance(value, Claim):
        return (value,)
    if isinstance(value, ClaimList):
        return tuple([item for item in value.items if isinstance(item, Claim)])
    return ()


def can_be_claimed(type_: PgType) -> bool:
    """Whether a claim can be a value of this type: not of ranges and composites."""
    base = base_type(type_)
    if base.kind is TypeKind.ARRAY:
        return base.element is not None and can_be_claimed(base.element)
    return base.kind in (TypeKind.SCALAR, TypeKind.ENUM)


def converter(type_: PgType) -> Callable[[Any], Any]:
    """From a JSON value to what the binder encodes for a type. It raises NotAValue where the type has no such value."""
    base = base_type(type_)
    if base.kind is TypeKind.ARRAY and base.element is not None:
        return _listed(converter(base.element))
    if base.kind is TypeKind.ENUM:
        labels = {value.label: value.label for value in base.values} | {v.api_name: v.label for v in base.values}
        return _among(labels)
    match base.scalar:
        case "Boolean":
            return _boolean
        case "Int":
            return _whole(_INT_BITS.get(base.name.name, 32))
        case "Float":
            return _number
        case "JSON":
            return _json
        case "String" | "ID":
            return _text
        case scalar:
            return PARSERS[scalar]


def _finder(path: Sequence[str]) -> Callable[[Claims], Any]:
    if len(path) == 1:
        name = path[0]
        return lambda claims: claims.get(name)

    def find(claims: Claims) -> Any:
        found: Any = claims
        for step in path:
            if not isinstance(found, Mapping):
                return None
            found = found.get(step)
        return found

    return find


def _listed(convert: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def listed(value: Any) -> Any:
        if not isinstance(value, list):
            raise NotAValue("Not a list.")
        return [convert(item) for item in value]

    return listed


def _among(labels: Mapping[str, str]) -> Callable[[Any], Any]:
    def among(value: Any) -> Any:
        if not isinstance(value, str) or value not in labels:
            raise NotAValue("Not one of the values of the enum.")
        return labels[value]

    return among


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise NotAValue("Not true or false.")
    return value


def _whole(bits: int) -> Callable[[Any], Any]:
    def whole(value: Any) -> str:
        text = PARSERS["BigInt"](value)
        if not -(2 ** (bits - 1)) <= int(text) < 2 ** (bits - 1):
            raise NotAValue(f"The number does not fit into {bits} bits.")
        return text

    return whole


def _number(value: Any) -> Any:
    return PARSERS["Decimal"](value)


def _json(value: Any) -> str:
    try:
        text = orjson.dumps(value).decode()
    except (TypeError, ValueError) as exc:
        raise NotAValue("Not a JSON value that can be stored.") from exc
    if "\\u0000" in text.replace("\\\\", ""):
        raise NotAValue("A JSON string holds the character NUL, which Postgres cannot store.")
    return text


def _text(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise NotAValue("Not a text.")
    text = str(value)
    try:
        encode_text(text)
    except KapokError as exc:
        raise NotAValue(exc.message) from exc
    return text
