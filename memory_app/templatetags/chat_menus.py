"""The menu of a chat, once a page: its script fills it in for the chat on which it was opened."""

from types import SimpleNamespace
from typing import Any

from django import template
from django.template.context import RequestContext

register = template.Library()
#: Replaced by the script with a chat's own id in the template's addresses.
NOBODY = "00000000-0000-4000-8000-000000000000"


@register.inclusion_tag("parts/chat_menu_template.html", takes_context=True)
def chat_menu_template(context: RequestContext) -> dict[str, Any]:
    """A `<template>` that static/js/chat/menu.js copies."""
    nobody = SimpleNamespace(pk=NOBODY, title="", shared=False, pinned=False, archived=False)
    return {"chat": nobody, "request": context.get("request")}
