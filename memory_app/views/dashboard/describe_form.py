"""The form that names a run, and its checkpoint with it."""

from django import forms

from memory_app.views.dashboard.dashboard_form import DashboardForm, Text


class DescribeForm(DashboardForm):
    """A name and a note; whether the run's checkpoint gets the name too."""

    name = Text()
    note = Text()
    with_checkpoint = forms.BooleanField(required=False)
