"""A form that the dashboard posts: its values typed, each error one sentence at its field."""

from typing import Any

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError

from memory_app.core.messages import SentenceError
from memory_app.translate_messages import in_words


class Text(forms.Field):
    """The input as it was typed: the services have their own sentences for refusals."""

    def __init__(self, *, strip: bool = False) -> None:
        super().__init__(required=False)
        self._strip = strip

    def to_python(self, value: Any) -> str:
        text = str(value or "")
        return text.strip() if self._strip else text


class Texts(forms.Field):
    """The values of every field with this name."""

    widget = forms.MultipleHiddenInput

    def __init__(self) -> None:
        super().__init__(required=False)

    def to_python(self, value: Any) -> list[str]:
        return list(value or [])


class Whole(forms.IntegerField):
    """A whole number; `default` where the form doesn't have the field.

    `wrong` says what is wrong with any other input, also with a number that is out of range.
    """

    def __init__(
        self,
        default: int,
        wrong: SentenceError,
        *,
        min_value: int | None = None,
        max_value: int | None = None,
    ) -> None:
        super().__init__(min_value=min_value, max_value=max_value)
        self._default, self._wrong = default, wrong

    def clean(self, value: Any) -> int:
        if value is None:
            return self._default
        try:
            return int(super().clean(value))
        except ValidationError as fault:
            raise ValidationError(in_words(self._wrong)) from fault


class DashboardForm(forms.Form):
    """Templates draw its fields by hand; they get `sentences` and `whole`."""

    @property
    def sentences(self) -> dict[str, str]:
        """{field: its error}, in the order of the page.

        Browsers send fields in the page's order; a field that isn't sent is an empty choice on top.
        """
        wrong = self.errors
        places = {name: place for place, name in enumerate(self.data)}
        names = sorted((n for n in self.fields if n in wrong), key=lambda n: places.get(n, -1))
        return {name: str(wrong[name][0]) for name in names}

    @property
    def whole(self) -> str:
        """What is wrong and is no field's."""
        return " ".join(map(str, self.errors.get(NON_FIELD_ERRORS, [])))

    def refuse(self, fault: SentenceError) -> None:
        """Show a service's refusal at its field; if it names none of the form's, on top."""
        self.add_error(fault.field if fault.field in self.fields else None, in_words(fault))
