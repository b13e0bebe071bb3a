"""Every row has its number by now: none may lack it, and lists go by it."""

from django.db import migrations, models

SEQUENCE = models.PositiveBigIntegerField(db_index=True, editable=False)


class Migration(migrations.Migration):
    dependencies = [("memory_app", "0011_number_rows")]

    operations = [
        migrations.AlterModelOptions("checkpoint", {"ordering": ["sequence", "id"]}),
        migrations.RemoveIndex("chat", "chats_of_person"),
        migrations.RemoveIndex("trainingrun", "runs_by_status"),
        migrations.RemoveIndex("turn", "turns_of_chat"),
        migrations.AlterField("chat", "activity", SEQUENCE),
        migrations.AlterField("checkpoint", "sequence", SEQUENCE),
        migrations.AlterField("parametersearch", "sequence", SEQUENCE),
        migrations.AlterField("trainingrun", "sequence", SEQUENCE),
        migrations.AlterField("turn", "position", models.PositiveIntegerField(editable=False)),
        migrations.AddIndex(
            "chat", models.Index(fields=["owner", "-activity"], name="chats_of_person")
        ),
        migrations.AddIndex(
            "trainingrun", models.Index(fields=["status", "sequence"], name="runs_by_status")
        ),
        migrations.AddConstraint(
            "turn",
            models.UniqueConstraint(fields=("chat", "position"), name="one_turn_a_position"),
        ),
    ]
