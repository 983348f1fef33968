"""What several lists show alike: sizes, progress, links. In: values. Out: safe HTML or text."""

from __future__ import annotations

from typing import Any

from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from apps.tenants.models import Operation, OperationState

#: unfold's label colours by state.
TENANT_LABELS = {
    "provisioning": "info",
    "active": "success",
    "suspended": "warning",
    "deleting": "warning",
    "failed": "danger",
}
KEY_LABELS = {"active": "success", "revoked": "danger", "expired": "warning"}
OPERATION_LABELS = {
    "queued": "info",
    "running": "info",
    "succeeded": "success",
    "failed": "danger",
    "rolled back": "danger",
}


def human_size(size: int | None) -> str:
    """`8.8 MB`, in steps of 1000; - for what has no size."""
    if size is None:
        return "-"
    amount = float(size)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"


def operation_badge(operation: Operation) -> SafeString:
    """An operation's state."""
    state = operation.state.replace("_", " ")
    return badge(state, OPERATION_LABELS[state])


def progress_bar(operation: Operation) -> SafeString:
    """A bar that operations.js keeps up to date until the operation has ended."""
    return mark_safe(render_to_string("tenants/progress.html", {"operation": operation, **progress_facts(operation)}))


def progress_facts(operation: Operation) -> dict[str, Any]:
    """What the bar's template needs: whether it is moving, and its colour."""
    ended_badly = operation.state in {OperationState.FAILED, OperationState.ROLLED_BACK}
    return {"live": not operation.is_final, "bad": ended_badly}


def badge(text: str, colour: str | None) -> SafeString:
    """unfold's label; its own `label=` works in lists, but not on a row's page."""
    return mark_safe(render_to_string("unfold/helpers/label.html", {"text": text, "type": colour}))


def link(url_name: str, pk: Any, text: str) -> SafeString:
    """A link to a row's page."""
    return format_html('<a class="text-link" href="{}">{}</a>', reverse(f"admin:{url_name}", args=[pk]), text)
