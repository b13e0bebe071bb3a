"""Errors of a form: shown at its fields, which are marked, and listed on top of it."""

from collections.abc import Mapping

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import ngettext

register = template.Library()
Errors = Mapping[str, str]


@register.filter
def dashed(field: str) -> str:
    """A field's name as an id: "set.steps" -> "set-steps"."""
    return str(field).replace(".", "-")


@register.simple_tag
def describes(errors: Errors | str, field: str, *help_ids: str) -> SafeString:
    """The attributes that tie a field to its help and to its error."""
    wrong = isinstance(errors, Mapping) and field in errors
    ids = " ".join([*([f"error-{dashed(field)}"] if wrong else []), *filter(None, help_ids)])
    described = format_html(' aria-describedby="{}"', ids) if ids else SafeString()
    if not wrong:
        return described
    # A page with errors is scrolled to the first of them.
    first = SafeString(" autofocus") if field == next(iter(errors)) else ""
    return format_html(' aria-invalid="true"{}{}', described, first)


@register.simple_tag
def problem(errors: Errors | str, field: str) -> SafeString:
    """The error of this field, right below it; empty without one."""
    if not isinstance(errors, Mapping) or field not in errors:
        return SafeString()
    return format_html('<p class="problem" id="error-{}">{}</p>', dashed(field), errors[field])


@register.simple_tag
def problems(errors: Errors | str, whole: str = "") -> SafeString:
    """All errors, on top of the form: each a link to its field; `whole` is the form's own."""
    if not errors and not whole:
        return SafeString()
    count = len(errors) if isinstance(errors, Mapping) else 0
    summary = ngettext("{n} field needs a change.", "{n} fields need a change.", count)
    if count == 1 and not whole:
        field = next(iter(errors))
        # The error itself is shown once, at the field; this leads there.
        return format_html(
            '<div class="problem" id="problem" role="alert"><p><a href="#{}">{}</a></p></div>',
            dashed(field),
            summary.format(n=count),
        )
    links = format_html_join(
        "",
        '<li><a href="#{}">{}</a></li>',
        ((dashed(field), text) for field, text in errors.items())
        if isinstance(errors, Mapping)
        else (),
    )
    lead = whole or summary.format(n=count)
    return format_html(
        '<div class="problem" id="problem" role="alert"><p>{}</p>{}</div>',
        lead,
        format_html("<ul>{}</ul>", links) if count else "",
    )
