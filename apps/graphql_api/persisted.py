"""Persisted documents: trusted ones registered for a project, and automatic ones (APQ) kept in Redis.

In: a project and what the request says. Out: the document's text, or a KapokError. A project that trusts only its
registered documents runs nothing else.
"""

from __future__ import annotations

import hashlib
import re

from apps.graphql_api.http import GraphQLRequest
from apps.tenants.directory import Directory
from kapok.errors import KapokError
from kapok.execute.shared_cache import SharedCache
from kapok.lru import Lru
from kapok.tenancy import Limits, ProjectRef

AUTOMATIC_SECONDS = 24 * 3600
#: Characters of automatic documents kept in the process.
AUTOMATIC_CHARACTERS = 5_000_000
_SHA256 = re.compile(r"[0-9a-f]{64}")


class PersistedDocuments:
    """Texts by project and SHA-256."""

    def __init__(self, directory: Directory, shared: SharedCache) -> None:
        self._directory = directory
        self._shared = shared
        self._automatic: Lru[tuple[object, str], str] = Lru(AUTOMATIC_CHARACTERS, lambda _, text: len(text) + 1000)

    async def text(self, project: ProjectRef, request: GraphQLRequest, limits: Limits) -> str:
        """The document to run. Raises DOCUMENT_NOT_TRUSTED, PERSISTED_QUERY_NOT_FOUND,
        PERSISTED_QUERY_HASH_MISMATCH, INVALID_REQUEST."""
        if project.trusted_documents_only:
            return await self._trusted(project, request)
        if request.sha256 is None:
            return request.query or ""
        return await self._by_hash(project, request.sha256, request.query, limits)

    async def _trusted(self, project: ProjectRef, request: GraphQLRequest) -> str:
        sha256 = request.sha256 or _digest(request.query or "")
        text = await self._directory.trusted_document(project, _checked(sha256))
        if text is None:
            raise KapokError("DOCUMENT_NOT_TRUSTED")
        return text

    async def _by_hash(self, project: ProjectRef, sha256: str, query: str | None, limits: Limits) -> str:
        key = (project.id, _checked(sha256))
        if query is not None:
            if _digest(query) != sha256:
                raise KapokError("PERSISTED_QUERY_HASH_MISMATCH")
            if len(query) <= limits.document_bytes and self._automatic.get(key) is None:
                self._automatic.put(key, query)
                await self._shared.put(_shared_key(key), query.encode(), AUTOMATIC_SECONDS)
            return query
        text = self._automatic.get(key)
        if text is not None:
            return text
        stored = await self._shared.get(_shared_key(key))
        text = stored.decode() if stored else await self._directory.trusted_document(project, sha256)
        if text is None:
            raise KapokError("PERSISTED_QUERY_NOT_FOUND", hint="Send the document together with its hash.")
        self._automatic.put(key, text)
        return text


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


def _checked(sha256: str) -> str:
    if not _SHA256.fullmatch(sha256):
        raise KapokError("INVALID_REQUEST", "The document's hash must be 64 hexadecimal digits of SHA-256.")
    return sha256


def _shared_key(key: tuple[object, str]) -> str:
    return f"kapok:document:1:{key[0]}:{key[1]}"
