"""What is wrong with a form: said at its fields, which are marked, and listed on top of it."""

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
    """The attributes that tie a field to its help and, where it is wrong, to what is wrong."""
    wrong = isinstance(errors, Mapping) and field in errors
    ids = " ".join([*([f"error-{dashed(field)}"] if wrong else []), *filter(None, help_ids)])
    said = format_html(' aria-describedby="{}"', ids) if ids else SafeString()
    if not wrong:
        return said
    # A page that comes back with what is wrong begins where it is wrong.
    first = SafeString(" autofocus") if field == next(iter(errors)) else ""
    return format_html(' aria-invalid="true"{}{}', said, first)


@register.simple_tag
def problem(errors: Errors | str, field: str) -> SafeString:
    """What is wrong with this field, right below it; nothing where it is right."""
    if not isinstance(errors, Mapping) or field not in errors:
        return SafeString()
    return format_html('<p class="problem" id="error-{}">{}</p>', dashed(field), errors[field])


@register.simple_tag
def problems(errors: Errors | str, whole: str = "") -> SafeString:
    """All that is wrong, on top of the form: each a link to its field; `whole` is of the form."""
    if not errors and not whole:
        return SafeString()
    count = len(errors) if isinstance(errors, Mapping) else 0
    told = ngettext("{n} field needs a change.", "{n} fields need a change.", count)
    if count == 1 and not whole:
        field = next(iter(errors))
        # What is wrong is said once, at the field; this leads there.
        return format_html(
            '<div class="problem" id="problem" role="alert"><p><a href="#{}">{}</a></p></div>',
            dashed(field),
            told.format(n=count),
        )
    links = format_html_join(
        "",
        '<li><a href="#{}">{}</a></li>',
        ((dashed(field), text) for field, text in errors.items())
        if isinstance(errors, Mapping)
        else (),
    )
    lead = whole or told.format(n=count)
    return format_html(
        '<div class="problem" id="problem" role="alert"><p>{}</p>{}</div>',
        lead,
        format_html("<ul>{}</ul>", links) if count else "",
    )
