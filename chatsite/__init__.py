"""The site: wiring only; nothing imports it."""

from chatsite.celery import app as celery_app

__all__ = ["celery_app"]
