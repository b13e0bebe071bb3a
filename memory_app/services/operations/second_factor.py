"""The second factor of a member of staff: one-time passwords, and codes for a lost device."""

import secrets
from base64 import b32encode
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser, User
from django.db import transaction
from django_otp import match_token, user_has_device
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from memory_app.services.operations.audit import audit_record

#: Codes that are shown once, each good for one log-in.
BACKUP_CODES = 8
_NAME = "app"


def second_factor_missing(user: User | AnonymousUser) -> bool:
    """Whether this member of staff has to give a code, or to set one up, before anything else."""
    if settings.STAFF_TOTP == "off" or user.is_verified():  # type: ignore[union-attr]
        return False
    return settings.STAFF_TOTP == "required" or bool(user_has_device(user))


def has_second_factor(user: User) -> bool:
    """Whether it is set up."""
    return bool(user_has_device(user))


def device_begin(*, user: User) -> TOTPDevice:
    """The device that is being set up: the same key until it is confirmed."""
    device, _created = TOTPDevice.objects.get_or_create(user=user, name=_NAME, confirmed=False)
    return device


def key_text(device: TOTPDevice) -> str:
    """The key as an app takes it: base 32 in groups of four."""
    text = b32encode(device.bin_key).decode().rstrip("=")
    return " ".join(text[at : at + 4] for at in range(0, len(text), 4))


@transaction.atomic
def device_confirm(*, user: User, token: str) -> list[str] | None:
    """Set it up with the app's first code; the backup codes, or None for a wrong code."""
    device = TOTPDevice.objects.select_for_update().filter(user=user, confirmed=False).first()
    if device is None or not device.verify_is_allowed()[0]:
        return None
    if not device.verify_token(token):
        return None
    device.confirmed = True
    device.save(update_fields=["confirmed"])
    StaticDevice.objects.filter(user=user).delete()
    backup = StaticDevice.objects.create(user=user, name="backup")
    codes = [secrets.token_hex(5) for _ in range(BACKUP_CODES)]
    StaticToken.objects.bulk_create([StaticToken(device=backup, token=code) for code in codes])
    audit_record(user=user, action="staff.second_factor", object=user.get_username())
    return codes


def code_match(*, user: User, token: str) -> Any:
    """The device that this code is of, or None. Wrong codes are throttled by device."""
    return match_token(user, "".join(token.split()).lower())


@transaction.atomic
def second_factor_remove(*, user: User, by: User | None) -> int:
    """Remove every device of a user; returns how many there were."""
    count = TOTPDevice.objects.filter(user=user).count()
    count += StaticDevice.objects.filter(user=user).count()
    TOTPDevice.objects.filter(user=user).delete()
    StaticDevice.objects.filter(user=user).delete()
    if count:
        audit_record(user=by, action="staff.second_factor_removed", object=user.get_username())
    return count
