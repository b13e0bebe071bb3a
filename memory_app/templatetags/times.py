"""A moment on a page: in UTC, as stated, until the browser converts it to the reader's zone."""

from datetime import UTC, datetime

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()
_FORMS = {"second": "%Y-%m-%d %H:%M:%S UTC", "minute": "%Y-%m-%d %H:%M UTC", "date": "%Y-%m-%d"}


@register.simple_tag
def when(moment: datetime | None, form: str = "minute", css: str = "") -> SafeString | str:
    """A `<time>` that static/js/shared/times.js rewrites; `form` is second, minute or date."""
    if moment is None:
        return "–"
    moment = moment.astimezone(UTC)
    return format_html(
        '<time class="{}" datetime="{}" data-form="{}">{}</time>',
        css,
        moment.isoformat(timespec="milliseconds"),
        form,
        moment.strftime(_FORMS[form]),
    )
