"""What operators read: the audit log, faults, and the site's processes."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from memory_app.core.rates import Rate, parse_rates


class AuditEntry(models.Model):
    """An action of a member of staff; never changed, and kept when the user is deleted."""

    at = models.DateTimeField(default=timezone.now, db_index=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    username = models.CharField(max_length=150)
    action = models.CharField(max_length=64)
    object = models.CharField(max_length=300, blank=True, default="")
    detail = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"{self.username}: {self.action} {self.object}"


class FaultEntry(models.Model):
    """An error that a process logged, for the overview; without any user's text."""

    at = models.DateTimeField(default=timezone.now, db_index=True)
    source = models.CharField(max_length=100)
    message = models.CharField(max_length=500)

    def __str__(self) -> str:
        return f"{self.source}: {self.message}"


#: Whose buckets there are; memory_app/limits/table.py says what of.
LIMIT_SCOPES = ("guest", "member", "address", "network", "all")


class LimitChange(models.Model):
    """The rates of one kind of request, set on the dashboard: they replace the settings'."""

    kind = models.CharField(max_length=16, primary_key=True)
    # As a setting has them: `guest=60/h all=20000/h`, or `off`.
    text = models.CharField(max_length=300)
    changed = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.kind}: {self.text}"

    @property
    def rates(self) -> dict[str, Rate]:
        """The rate of each scope that has one."""
        return parse_rates(self.text, LIMIT_SCOPES)


class SiteSwitch(models.Model):
    """The one row of what staff have switched: read only, and the notice on every page."""

    read_only = models.BooleanField(default=False)
    notice_en = models.CharField(max_length=300, blank=True, default="")
    notice_zh = models.CharField(max_length=300, blank=True, default="")
    changed = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return "read only" if self.read_only else "open"


class Dashboard(models.Model):
    """No rows: what a role may do on the dashboard, as Django's permissions."""

    class Meta:
        managed = False
        default_permissions = ()
        permissions = (
            ("view_dashboard", "View the dashboard"),
            ("train", "Train: corpora, runs, searches, evaluations"),
            ("publish", "Publish: promote, roll back, import, export and delete checkpoints"),
            ("operate", "Operate: limits, reports, shared chats, audit log"),
        )

    def __str__(self) -> str:
        return "dashboard"


class ProcessReport(models.Model):
    """The current load of one of the site's processes; the overview adds them up."""

    process = models.CharField(max_length=64, primary_key=True)
    at = models.DateTimeField(db_index=True)
    sockets = models.PositiveIntegerField(default=0)
    replies = models.PositiveIntegerField(default=0)
    # Of its engine: replies in the batch, and replies that wait for a place in it.
    batch = models.PositiveIntegerField(default=0)
    waiting = models.PositiveIntegerField(default=0)
    # Tokens sampled since it started, and milliseconds of its latest steps.
    tokens = models.PositiveBigIntegerField(default=0)
    step_ms = models.FloatField(default=0)

    def __str__(self) -> str:
        return self.process


class WorkerHeartbeat(models.Model):
    """When the training worker of this name last reported; /readyz reads it."""

    name = models.CharField(max_length=100, primary_key=True)
    seen = models.DateTimeField()

    def __str__(self) -> str:
        return self.name
