"""The preview picture of a public link: the memory after its last turn."""

from django.http import Http404, HttpResponse

from memory_app import services
from memory_app.core.inspection.state_picture import state_picture
from memory_app.http import PersonRequest
from memory_app.models import Turn
from memory_app.refusal import Refused
from memory_app.views.public.link_page import NOINDEX, link_or_404


def public_preview(request: PersonRequest, token: str) -> HttpResponse:
    """A PNG of 1200 x 630 pixels, drawn on request."""
    link = link_or_404(token)
    turn = Turn.objects.get(pk=link.turn_id)
    checkpoint = link.chat.checkpoint
    try:
        state = services.state_after(turn=turn, checkpoint=checkpoint)
    except Refused:
        raise Http404 from None
    answer = HttpResponse(state_picture(state, checkpoint.model_config), content_type="image/png")
    answer["X-Robots-Tag"] = NOINDEX
    # Short, so that a revoked link's picture goes soon.
    answer["Cache-Control"] = "private, max-age=300"
    return answer
