"""Parameter searches: the list, the form, and one search's table of runs."""

from uuid import UUID

from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from memory_app.core.messages import quoted
from memory_app.http import StaffRequest
from memory_app.models import ParameterSearch, RunStatus
from memory_app.services.operations.audit import audit_record
from memory_app.services.training.run_error import RunError
from memory_app.services.training.searches import (
    MOST_RUNS,
    search_cancel,
    search_launch,
    search_results,
)
from memory_app.views.dashboard import hyperparameters
from memory_app.views.dashboard.confirm import Ask, ask_and_act, refuse
from memory_app.views.dashboard.page import page
from memory_app.views.dashboard.run_form import form_parts
from memory_app.views.dashboard.runs import LIVELY
from memory_app.views.dashboard.search_form import AXES, SearchForm


def searches(request: HttpRequest) -> HttpResponse:
    """Every search, newest first, with the progress of its runs."""
    done = Count("runs", filter=Q(runs__status=RunStatus.FINISHED))
    rows = ParameterSearch.objects.annotate(runs_count=Count("runs"), done=done)
    return page(
        request,
        "dashboard/searches.html",
        title=_("Parameter searches"),
        section="searches",
        searches=rows.select_related("created_by").order_by("-sequence"),
    )


def search_new(request: StaffRequest) -> HttpResponse:
    """The form of a search; its runs are queued together."""
    problem, errors = "", {}
    if request.method == "POST":
        form = SearchForm(request.POST)
        if form.is_valid():
            try:
                search = search_launch(**form.search(), by=request.user)
            except RunError as fault:
                form.refuse(fault)
            else:
                audit_record(
                    user=request.user,
                    action="search.launch",
                    object=f"{search} ({search.pk})",
                    detail={"method": search.method, "space": search.space},
                )
                return redirect("admin:search", search=search.pk)
        problem, errors = form.whole, form.sentences
    data = request.POST or request.GET
    return page(
        request,
        "dashboard/search_new.html",
        title=_("New search"),
        section="searches",
        status=400 if problem or errors else 200,
        problem=problem,
        errors=errors,
        axes=[
            {
                "number": number,
                "field": f"key.{number}",
                "values_field": f"values.{number}",
                "key": data.get(f"key.{number}", "learning_rate" if number == 0 else ""),
                "values": data.get(f"values.{number}", ""),
            }
            for number in range(AXES)
        ],
        keys=list(hyperparameters.declared()),
        method=data.get("method", "grid"),
        count=data.get("count", "6"),
        seed=data.get("seed", "1"),
        most=MOST_RUNS,
        **form_parts(data, errors),
    )


_CANCELLABLE = (*LIVELY, RunStatus.PAUSED)


def search_cancel_view(request: StaffRequest, search: UUID) -> HttpResponse:
    """Ask, then cancel every run of it that has not ended."""
    row = get_object_or_404(ParameterSearch, pk=search)
    n = row.runs.filter(status__in=_CANCELLABLE).count()
    back = reverse("admin:search", args=[row.pk])
    if not n:
        reason = _("All its runs have ended: there is nothing to cancel.")
        return refuse(request, reason, back)
    ask = Ask(
        title=_("Cancel {name}?").format(name=quoted(row.name)),
        section="searches",
        sentences=[
            ngettext(
                "{n} run of it that has not ended is cancelled.",
                "{n} runs of it that have not ended are cancelled.",
                n,
            ).format(n=n),
            _("Those that have finished keep their checkpoints."),
        ],
        button=_("Cancel the search"),
        back=back,
    )

    def act() -> None:
        audit_record(
            user=request.user,
            action="search.cancel",
            object=f"{row} ({row.pk})",
            detail={"runs": search_cancel(search=row)},
        )

    report = ngettext(
        "Cancellation requested for {n} run.", "Cancellation requested for {n} runs.", n
    ).format(n=n)
    return ask_and_act(request, ask, act, report=report)


def search(request: HttpRequest, search: UUID) -> HttpResponse:
    """One search: its runs with the varied settings and their figures, best validation first."""
    row = get_object_or_404(ParameterSearch, pk=search)
    worst = float("inf")
    table = sorted(
        search_results(row),
        key=lambda row: (row.bits_per_byte or worst, row.loss or worst, row.run.sequence),
    )
    # A paused run changes nothing by itself, but can be cancelled.
    cancellable = any(row.run.status in _CANCELLABLE for row in table)
    if request.headers.get("HX-Request"):
        context = {"table": table, "search": row, "cancellable": cancellable, "out_of_band": True}
        return render(request, "dashboard/parts/search_rows.html", context)
    return page(
        request,
        "dashboard/search.html",
        title=row.name,
        section="searches",
        search=row,
        table=table,
        cancellable=cancellable,
    )
