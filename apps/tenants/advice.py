"""What to write instead of SQL that works on a server of one's own: grants, owners and schemas, as dumps have them.

In: what PostgreSQL said of a project's script. Out: a sentence that names the statement, or "".
"""

from __future__ import annotations

import re

_ELSEWHERE = ("42501", "42704", "3F000")  # insufficient_privilege, undefined_object (a role), invalid_schema_name
_NO_GRANT = (
    "leave it out. The project's tables, sequences and functions are the tenant's role's to use without a grant, and "
    "permissions.yaml says who may do what"
)
#: What may be meant, by pattern: the first that is found. They only look for words: what they miss has no advice.
_ADVICE = (
    (
        r"\b(?:grant|revoke)\b[^;]*?\bon\s+all\s+\w+\s+in\s+schema\b[^;]*",
        f"{_NO_GRANT}; Kapok's own tables are in a tenant's schema too and are not the project's to give, so where a "
        "grant is meant, name the tables",
    ),
    (r"\balter\s+default\s+privileges\b[^;]*", _NO_GRANT),
    (r"\b(?:grant|revoke)\b[^;]*?\b(?:to|from)\b[^;]*", f"{_NO_GRANT}; roles of another server are not here"),
    (
        r"\balter\s+[^;]*?\bowner\s+to\b[^;]*",
        "leave it out: all that a project makes belongs to the tenant's owner (pg_dump --no-owner --no-privileges)",
    ),
    (
        r"\bpublic\s*\.\s*\"?\w+",
        "leave `public.` out: each tenant has a schema of its own, which is the one names without a schema mean",
    ),
)
_COMMENTS = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
#: How much of a statement is shown, in characters.
_SHOWN = 120


def advice(sqlstate: str, message: str, sql: str, line: int | None) -> str:
    """message: PostgreSQL's own. line: in the script, where it is known."""
    if sqlstate not in _ELSEWHERE:
        return ""
    text = _COMMENTS.sub(lambda comment: re.sub(r"[^\n]", " ", comment[0]), sql)
    for pattern, words in _ADVICE:
        found = [statement for statement in re.finditer(pattern, text, re.IGNORECASE) if _is_in(text, statement, line)]
        if found:
            named = [statement for statement in found if _names(statement[0], message)]
            statement = (named or found)[0]
            place = text.count("\n", 0, statement.start()) + 1
            return f"`{_short(statement[0])}` (line {place}): {words}."
    return ""


def _is_in(text: str, statement: re.Match[str], line: int | None) -> bool:
    if line is None:
        return True
    first = text.count("\n", 0, statement.start()) + 1
    return first <= line <= first + statement[0].count("\n")


def _names(statement: str, message: str) -> bool:
    """Whether the statement has what the message has in quotes: the role that is not there."""
    return any(name in statement for name in re.findall(r"[\"«„](.+?)[\"»“]", message))


def _short(statement: str) -> str:
    words = " ".join(statement.split())
    return words if len(words) <= _SHOWN else words[:_SHOWN] + " ..."
