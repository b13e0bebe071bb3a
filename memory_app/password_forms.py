"""Forms with a new password: each fault at the field that has it, and the dashboard's forms."""

from typing import Any

from django import forms
from django.contrib.admin.forms import AdminPasswordChangeForm as OwnPasswordChangeForm
from django.contrib.auth.forms import AdminPasswordChangeForm, UserCreationForm
from django.contrib.auth.models import AbstractBaseUser


class FaultsAtTheirField(forms.BaseForm):
    """A password's faults at its first field, not at its repetition; focus on the first fault."""

    _errors: Any

    def validate_password_for_user(
        self,
        user: AbstractBaseUser,
        password_field_name: str = "password1",  # noqa: S107 (the field's name)
        **kwargs: Any,
    ) -> None:
        """Check the rules at the first of the two fields."""
        name = password_field_name.replace("2", "1")
        super().validate_password_for_user(user, password_field_name=name, **kwargs)  # type: ignore[misc]

    def full_clean(self) -> None:
        """Also move the focus, which Django gives to the first field, right or wrong."""
        super().full_clean()
        wrong = next((name for name in self.fields if name in (self._errors or {})), None)
        if wrong is None:
            return
        for name, field in self.fields.items():
            field.widget.attrs.pop("autofocus", None)
            if name == wrong:
                field.widget.attrs["autofocus"] = True


class NewUserForm(FaultsAtTheirField, UserCreationForm):
    """A new user's name and password."""


class PasswordForm(FaultsAtTheirField, AdminPasswordChangeForm):
    """A user's new password, without Django's switch to none: there is no other way to log in."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields.pop("usable_password", None)
        for name in ("password1", "password2"):
            self.fields[name].required = True


class OwnPasswordForm(FaultsAtTheirField, OwnPasswordChangeForm):
    """One's own new password."""
