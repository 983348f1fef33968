"""Development: the mails that were sent, as a page and as JSON. Only there where mails are shown instead of sent."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.utils.html import format_html, format_html_join
from django.utils.safestring import mark_safe

from apps.identity.inbox import mails

_STYLE = mark_safe(
    "body{margin:0;padding:24px;background:#f4f5f4;color:#1c2321;font:15px/1.5 system-ui,sans-serif}"
    "main{max-width:46rem;margin:auto}article{padding:16px 24px;margin:0 0 16px;background:#fff;border-radius:8px}"
    "h1{font-size:1.25rem}h2{font-size:1rem;margin:0}p{margin:.25rem 0;color:#5b6663;font-size:.85rem}"
    "pre{white-space:pre-wrap;overflow-wrap:anywhere;font:inherit}a{color:#047857;overflow-wrap:anywhere}"
)


def inbox(request: HttpRequest) -> HttpResponse:
    """The page."""
    shown = format_html_join(
        "",
        "<article><h2>{}</h2><p>to {} &middot; {} &middot; {}</p><pre>{}</pre>{}</article>",
        (
            (
                mail["subject"],
                mail["to"],
                mail["purpose"],
                mail["sentAt"][:19].replace("T", " "),
                mail["text"],
                format_html('<p><a href="{}">Open the link</a></p>', mail["url"]) if mail["url"] else "",
            )
            for mail in mails(request.GET.get("to", ""))
        ),
    )
    page = format_html(
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Inbox</title>'
        '<meta http-equiv="refresh" content="5"><style>{}</style></head><body><main><h1>Inbox</h1>'
        "<p>What Kapok would have sent; in production, KAPOK_EMAIL_URL names the mail server.</p>{}"
        "</main></body></html>",
        _STYLE,
        shown or mark_safe("<p>No mail yet.</p>"),
    )
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    return HttpResponse(page, headers={"Content-Security-Policy": policy})


def inbox_json(request: HttpRequest) -> HttpResponse:
    """The same for programs; ?to= one address."""
    return JsonResponse({"mails": mails(request.GET.get("to", ""))})


urlpatterns = [path("_dev/inbox", inbox), path("_dev/inbox.json", inbox_json)]
