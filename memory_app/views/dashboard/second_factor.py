"""The page of the second factor: set it up, give a code, remove it."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django_otp import login as second_factor_log_in

from memory_app import limits
from memory_app.http import StaffRequest
from memory_app.services.operations.second_factor import (
    code_match,
    device_begin,
    device_confirm,
    has_second_factor,
    key_text,
    second_factor_missing,
    second_factor_remove,
)
from memory_app.views.dashboard.page import page


def _next(request: StaffRequest) -> str:
    wanted = request.POST.get("next") or request.GET.get("next", "")
    safe = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, request.is_secure())
    return wanted if safe and wanted.startswith("/admin/") else reverse("admin:overview")


@sensitive_post_parameters()
def second_factor(request: StaffRequest) -> HttpResponse:
    """A code where one is set up, else the way to set it up."""
    enrolled = has_second_factor(request.user)
    verified = bool(request.user.is_verified())  # type: ignore[attr-defined]
    problem = ""
    token = "".join(request.POST.get("code", "").split())[:32]
    if request.method == "POST" and verified and request.POST.get("remove"):
        second_factor_remove(user=request.user, by=request.user)
        messages.success(request, _("The second factor was removed."))
        return redirect("admin:second_factor")
    if request.method == "POST" and enrolled and not verified:
        device = code_match(user=request.user, token=token) if token else None
        if device is not None:
            second_factor_log_in(request, device)
            return redirect(_next(request))
        limits.pay("logins", 1)
        problem = _("This code is wrong, was used before, or came too soon after a wrong one.")
    elif request.method == "POST" and not enrolled:
        codes = device_confirm(user=request.user, token=token)
        if codes is not None:
            device = next(iter(request.user.totpdevice_set.filter(confirmed=True)))  # type: ignore[attr-defined]
            second_factor_log_in(request, device)
            return _show(request, codes=codes, verified=True, enrolled=True)
        problem = _("This code is wrong. Enter the one that the app shows now.")
    return _show(
        request,
        problem=problem,
        verified=verified,
        enrolled=enrolled,
        status=400 if problem else 200,
    )


def _show(
    request: StaffRequest,
    *,
    verified: bool,
    enrolled: bool,
    problem: str = "",
    codes: list[str] | None = None,
    status: int = 200,
) -> HttpResponse:
    device = None if enrolled else device_begin(user=request.user)
    return page(
        request,
        "dashboard/second_factor.html",
        title=_("Second factor"),
        section="",
        status=status,
        enrolled=enrolled,
        verified=verified,
        required=second_factor_missing(request.user),
        key=key_text(device) if device else "",
        address=device.config_url if device else "",
        codes=codes,
        problem=problem,
        next=_next(request),
    )
