"""The sign-up form: its rules and errors, in sentences of our own."""

from typing import Any

from django.contrib.auth.forms import UserCreationForm
from django.utils.translation import gettext_lazy as _

from memory_app.password_forms import FaultsAtTheirField


class SignUpForm(FaultsAtTheirField, UserCreationForm):
    """Django's form for a new account, with sentences of our own."""

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
