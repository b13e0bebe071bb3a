"""The log-in forms of the site and of the dashboard; errors are marked at their fields."""

from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.models import AbstractUser
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from memory_app.services.operations.audit import audit_failed_login


class LogInForm(AuthenticationForm):
    """Django's, with sentences of our own; a wrong name or password marks both fields."""

    error_messages = {
        "invalid_login": _("The username or the password is wrong. Both are case-sensitive."),
        "inactive": _("This account is disabled."),
    }
    #: The id of the form's own errors, where the page has one.
    problem_id = "form-problem"

    def full_clean(self) -> None:
        super().full_clean()
        if self.is_bound and self.non_field_errors():
            for name in ("username", "password"):
                attributes = self.fields[name].widget.attrs
                attributes["aria-invalid"] = "true"
                if self.problem_id:
                    attributes["aria-describedby"] = self.problem_id
            # The name is filled in; the password has to be typed again.
            if self.data.get(self.add_prefix("username")):
                self.fields["username"].widget.attrs.pop("autofocus", None)
                self.fields["password"].widget.attrs["autofocus"] = True


class StaffLogInForm(LogInForm, AdminAuthenticationForm):
    """Doesn't disclose that a password is right for a user who isn't on the staff."""

    error_messages = {
        **LogInForm.error_messages,
        "invalid_login": _(
            "The username or the password is wrong, or the account is not on the staff. "
            "Username and password are case-sensitive."
        ),
    }
    problem_id = ""

    def confirm_login_allowed(self, user: AbstractUser) -> None:
        try:
            super().confirm_login_allowed(user)  # type: ignore[arg-type]
        except ValidationError:
            audit_failed_login(name=user.get_username())
            raise
