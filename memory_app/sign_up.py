"""The sign-up form: its rules and errors, in sentences of our own."""

from typing import Any

from django.contrib.auth.forms import UserCreationForm
from django.contrib.auth.models import AbstractUser
from django.utils.translation import gettext_lazy as _


class SignUpForm(UserCreationForm):
    """Django's; a password's faults are shown at its first field, also beside a mismatch."""

    error_messages = {"password_mismatch": _("The two passwords differ.")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        username, password, again = (
            self.fields[name] for name in ("username", "password1", "password2")
        )
        username.help_text = _("Letters, digits and the signs @ . + - _, 150 characters at most.")
        username.error_messages["invalid"] = _(
            "A username may have letters, digits and the signs @ . + - _ only."
        )
        username.error_messages["unique"] = _("This username is taken. Choose another one.")
        password.help_text = _(
            "At least 8 characters, not only digits, not a common password and not like "
            "your username."
        )
        again.help_text = ""

    def validate_password_for_user(
        self,
        user: AbstractUser,
        password_field_name: str = "password1",  # noqa: S107 (the field's name)
    ) -> None:
        """Check the rules at the first field, whose value a mismatch leaves in place."""
        super().validate_password_for_user(user, password_field_name)  # type: ignore[misc]
