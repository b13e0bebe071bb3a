"""Numbers beside the times, what a search compares, chats not begun yet and imports that go on."""

import uuid

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

SEQUENCE = models.PositiveBigIntegerField(editable=False, null=True)


class Migration(migrations.Migration):
    dependencies = [("memory_app", "0009_chat_shelves")]

    operations = [
        migrations.AddField("checkpoint", "sequence", SEQUENCE),
        migrations.AddField("parametersearch", "sequence", SEQUENCE),
        migrations.AddField("trainingrun", "sequence", SEQUENCE),
        migrations.AddField("chat", "activity", SEQUENCE),
        migrations.AddField(
            "turn", "position", models.PositiveIntegerField(editable=False, null=True)
        ),
        migrations.AddField(
            "chat",
            "folded_title",
            models.TextField(blank=True, default="", editable=False),
        ),
        migrations.AddField("person", "pending", models.JSONField(blank=True, default=list)),
        migrations.CreateModel(
            name="SearchChunk",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveIntegerField()),
                ("text", models.TextField()),
                ("positions", models.JSONField(default=list)),
                (
                    "chat",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="chunks",
                        to="memory_app.chat",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("chat", "number"), name="one_chunk_a_number")
                ]
            },
        ),
        migrations.CreateModel(
            name="ChatImport",
            fields=[
                ("sequence", models.PositiveBigIntegerField(db_index=True, editable=False)),
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("title", models.CharField(blank=True, default="", max_length=200)),
                ("data", models.BinaryField(default=bytes)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("queued", "Queued"),
                            ("running", "Running"),
                            ("finished", "Finished"),
                            ("failed", "Failed"),
                        ],
                        default="queued",
                        max_length=16,
                    ),
                ),
                ("total", models.PositiveIntegerField(default=0)),
                ("done", models.PositiveIntegerField(default=0)),
                ("error_said", models.JSONField(blank=True, default=dict)),
                ("fence", models.PositiveIntegerField(default=0)),
                ("deaths", models.PositiveSmallIntegerField(default=0)),
                ("process", models.CharField(blank=True, default="", max_length=64)),
                ("heartbeat", models.DateTimeField(blank=True, null=True)),
                ("created", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="imports",
                        to="memory_app.person",
                    ),
                ),
            ],
            options={"indexes": [models.Index(fields=["status"], name="imports_by_status")]},
        ),
    ]
