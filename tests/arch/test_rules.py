"""Rules of the house that a linter does not know: a rule in prose alone decays."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.env import VARIABLES
from kapok.errors import REGISTRY

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = ("kapok", "apps", "config", "bench", "scripts")
ENVIRONMENT_READ = re.compile(r"os\.environ(\[|\.get)|os\.getenv")
MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 50


def sources() -> Iterator[Path]:
    for folder in PRODUCT:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if "migrations" not in path.parts and "node_modules" not in path.parts:
                yield path


def test_files_of_tests_are_short_too() -> None:
    files = sorted((ROOT / "tests").rglob("*.py"))
    assert not [path.name for path in files if path.read_text().count("\n") > MAX_FILE_LINES]


def test_every_error_code_is_documented() -> None:
    text = (ROOT / "docs/errors.md").read_text()
    missing = [
        kind.code for kind in REGISTRY.values() if f"| {kind.number} | `{kind.code}` | {kind.status} |" not in text
    ]
    assert not missing


def test_error_numbers_are_distinct() -> None:
    numbers = [kind.number for kind in REGISTRY.values()]
    assert len(set(numbers)) == len(numbers)


def test_every_environment_variable_is_documented() -> None:
    text = (ROOT / "docs/configuration.md").read_text()
    missing = [field.metadata["name"] for field in VARIABLES if f"`{field.metadata['name']}`" not in text]
    assert not missing


def test_the_environment_is_read_in_one_place() -> None:
    """Processes that start others hand their environment on; nobody else looks into it."""
    allowed = {"config", "stack", "cli", "bench", "scripts"}
    readers = [
        str(path.relative_to(ROOT))
        for path in sources()
        if ENVIRONMENT_READ.search(path.read_text()) and not allowed.intersection(path.relative_to(ROOT).parts)
    ]
    assert not readers


def test_no_file_is_a_drawer() -> None:
    assert not [path for path in sources() if path.stem in {"utils", "helpers", "common", "misc", "signals"}]


def test_files_and_functions_stay_short() -> None:
    long_files, long_functions = [], []
    for path in sources():
        text = path.read_text()
        if text.count("\n") > MAX_FILE_LINES:
            long_files.append(str(path.relative_to(ROOT)))
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > MAX_FUNCTION_LINES:
                    long_functions.append(f"{path.relative_to(ROOT)}:{node.lineno} {node.name} ({lines})")
    assert not long_files
    assert not long_functions


@pytest.mark.parametrize("path", list(sources()), ids=lambda path: str(path.relative_to(ROOT)))
def test_modules_say_what_they_are_for(path: Path) -> None:
    if path.name != "__init__.py" or path.read_text().strip():
        assert ast.get_docstring(ast.parse(path.read_text())), "a module docstring of one to five lines is missing"
