"""Which tenant a request is addressed to, before anyone knows whether there is one.

In: the Host header and the path. Out: an `Address`: the slug in the path, the slug or custom domain in the host, and
the path below the tenant. Where both host and path name a tenant, the caller must check that they agree.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from apps.tenants.directory import Directory, Entry
from kapok.errors import KapokError

_HOST = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_.-]{0,251}[a-z0-9])?\.?|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?")
_NUMERIC = re.compile(r"[0-9.]+|\[.*\]")
_PREFIX = "/t/"


@dataclass(frozen=True, slots=True)
class Address:
    """path_slug: from /t/<slug>/. host_slug: from <slug>.<base>. domain: a host that may be a custom domain. path: what
    is left below the tenant, with its slash."""

    path_slug: str | None
    host_slug: str | None
    domain: str | None
    path: str


class Addressing:
    """Reads addresses. base: the domain under which slugs are subdomains. control_hosts: never custom domains."""

    def __init__(self, base: str, control_hosts: tuple[str, ...] = ()) -> None:
        self._suffix = "." + base.lower().strip(".")
        self._control = frozenset({base.lower().strip("."), "localhost", *(host.lower() for host in control_hosts)})

    def read(self, host_header: bytes, path: str) -> Address:
        """The address of a request. Raises INVALID_HOST."""
        host = self._host(host_header)
        host_slug = domain = None
        if host and host not in self._control and not _NUMERIC.fullmatch(host):
            if host.endswith(self._suffix):
                host_slug = host[: -len(self._suffix)]
            else:
                domain = host
        path_slug = None
        if path.startswith(_PREFIX):
            path_slug, slash, rest = path[len(_PREFIX) :].partition("/")
            path = slash + rest
        return Address(path_slug, host_slug, domain, path)

    def _host(self, header: bytes) -> str:
        text = header.decode("latin-1").strip().lower()
        if not text:
            return ""
        if not _HOST.fullmatch(text):
            raise KapokError("INVALID_HOST")
        name, colon, port = text.rpartition(":")
        return (name if colon and port.isdigit() else text).rstrip(".")


async def find(directory: Directory, address: Address) -> Entry | None:
    """The tenant an address names, or None where it names none. Raises TENANT_NOT_FOUND, TENANT_MISMATCH."""
    by_host: Entry | None = None
    if address.host_slug is not None:
        by_host = await directory.by_slug(address.host_slug)
    elif address.domain is not None:
        by_host = await directory.by_host(address.domain)
    if address.path_slug is None:
        return by_host
    by_path = await directory.by_slug(address.path_slug)
    if by_host is not None and by_host.tenant.id != by_path.tenant.id:
        raise KapokError("TENANT_MISMATCH", "The host and the path name different tenants.")
    return by_path
