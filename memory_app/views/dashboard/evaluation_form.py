"""The form that asks for an evaluation of a checkpoint."""

from memory_app.core.evaluation.suites import EvaluationError
from memory_app.views.dashboard.dashboard_form import DashboardForm, Text, Texts, Whole


class EvaluationForm(DashboardForm):
    """A suite, questions per test, and the corpora to measure on."""

    suite = Text()
    n = Whole(50, EvaluationError("The number of questions per test must be a whole number."))
    corpus = Texts()
