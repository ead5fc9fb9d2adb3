"""Where registries tell of pushes: whoever does not know the registry's secret learns and changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ImproperlyConfigured
from django.http import JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from tags.access import for_programs
from tags.middleware import SECRET
from tags.models import Registry
from tags.registry import webhooks
from tags.webhooks import heed

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

log = structlog.get_logger(__name__)

MOST_BYTES = 2**20


@csrf_exempt
@for_programs
@login_not_required
@require_POST
def webhook(request: HttpRequest, registry_id: int) -> HttpResponse:
    """202 with how many repositories are looked at soon; 403 without the secret, 400 or 413 for what is unreadable."""
    length = request.headers.get("Content-Length", "")
    if not length.isdecimal() or int(length) > MOST_BYTES:
        return _refused(413, f"The body has to say its length, at most {MOST_BYTES} bytes.")
    body = request.read(int(length))
    secret = request.META.get(SECRET, "")
    registry = Registry.objects.filter(pk=registry_id, enabled=True).first()
    if registry is None or not webhooks.is_proved(_secret_of(registry), request.headers, body, secret):
        return _refused(403, "There is no such registry, or the secret is not its own.")
    try:
        announcements = webhooks.read(body)
    except webhooks.Unreadable as error:
        return _refused(400, f"{error}.".capitalize())
    return JsonResponse({"repositories": heed(registry, announcements)}, status=202)


def _secret_of(registry: Registry) -> str:
    try:
        return registry.reveal_webhook_secret()
    except ImproperlyConfigured as error:
        log.error("webhook refused", registry=str(registry), reason=str(error))
        return ""


def _refused(status: int, detail: str) -> JsonResponse:
    return JsonResponse({"detail": detail}, status=status)
