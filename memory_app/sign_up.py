"""The forms for a new account and a new password: rules and errors in sentences of our own."""

from typing import Any

from django.contrib.auth.forms import PasswordChangeForm, UserCreationForm
from django.utils.translation import gettext_lazy as _

from memory_app.password_forms import FaultsAtTheirField

PASSWORD_RULES = _(
    "At least 8 characters, not only digits, not a common password and not like your username."
)


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
        password.help_text = PASSWORD_RULES
        again.help_text = ""


class NewPasswordForm(FaultsAtTheirField, PasswordChangeForm):
    """One's own new password, on the account page."""

    error_messages = {
        "password_mismatch": _("The two passwords differ."),
        "password_incorrect": _("This is not your current password."),
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["old_password"].label = _("Current password")
        # The page isn't for this form alone.
        self.fields["old_password"].widget.attrs.pop("autofocus", None)
        self.fields["new_password1"].help_text = PASSWORD_RULES
        self.fields["new_password2"].help_text = ""
