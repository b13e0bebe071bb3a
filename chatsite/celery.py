"""The Celery app: trains in a worker of its own, never in the site's process."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatsite.settings")

app = Celery("chatsite", task_cls="memory_app.tasks:PolicyTask")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
