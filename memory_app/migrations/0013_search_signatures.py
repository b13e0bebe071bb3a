"""The index of a search: a signature for each chunk of folded text."""

import django.db.models.deletion
from django.db import migrations, models

from memory_app.core.text.search_signature import signature

BATCH = 500
# As lm/signature.py had them when this was written.
COLUMNS = 16


def sign_chunks(apps, schema_editor):
    SearchChunk = apps.get_model("memory_app", "SearchChunk")
    SearchSignature = apps.get_model("memory_app", "SearchSignature")
    rows = []
    for key, chat, text in SearchChunk.objects.values_list("pk", "chat_id", "text").iterator():
        bits = {f"bits_{column:02d}": part for column, part in enumerate(signature(text))}
        rows.append(SearchSignature(chunk_id=key, chat_id=chat, **bits))
        if len(rows) == BATCH:
            SearchSignature.objects.bulk_create(rows)
            rows.clear()
    SearchSignature.objects.bulk_create(rows)


class Migration(migrations.Migration):
    dependencies = [("memory_app", "0012_order_by_number")]

    operations = [
        migrations.CreateModel(
            name="SearchSignature",
            fields=[
                (
                    "chunk",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="signature",
                        serialize=False,
                        to="memory_app.searchchunk",
                    ),
                ),
                (
                    "chat",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="memory_app.chat",
                    ),
                ),
                *(
                    (f"bits_{column:02d}", models.BigIntegerField(editable=False))
                    for column in range(COLUMNS)
                ),
            ],
        ),
        migrations.RunPython(sign_chunks, migrations.RunPython.noop, elidable=True),
    ]
