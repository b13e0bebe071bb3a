"""The number of tokens of a text, for the composer: only the server's tokenizer counts."""

from uuid import UUID

from django.conf import settings
from django.http import JsonResponse
from django.views.decorators.cache import never_cache

from memory_app import limits, services
from memory_app.http import ChatRequest
from memory_app.protocol import user_text
from memory_app.refusal import Refused


@never_cache
def token_count(request: ChatRequest, chat: UUID) -> JsonResponse:
    """`text` → {"tokens", "most"}. A text that could not be sent isn't counted either (400)."""
    row = request.chat
    try:
        text = user_text(request.POST.get("text", ""))
        tokenizer = services.chat_model(sha256=row.checkpoint.sha256).tokenizer
    except Refused as refused:
        status = 503 if refused.code == "unavailable" else 400
        return JsonResponse({"error": str(refused.detail)}, status=status)
    tokens = len(tokenizer.encode(text))
    # Counting a token costs about a hundredth of reading it.
    limits.pay("inspections", tokens / 100)
    return JsonResponse({"tokens": tokens, "most": settings.TURN_MAX_IDS})
