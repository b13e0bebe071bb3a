from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("memory_app", "0003_pages_and_dashboard")]

    operations = [
        migrations.RemoveField(model_name="trainingrun", name="lease"),
        migrations.AddField(
            model_name="trainingrun",
            name="fence",
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="trainingrun",
            name="process",
            field=models.CharField(blank=True, default="", max_length=64),
        ),
        migrations.AddField(
            model_name="trainingrun",
            name="saved",
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="trainingrun",
            name="deaths",
            field=models.PositiveSmallIntegerField(default=0),
        ),
        migrations.AddIndex(
            model_name="trainingrun",
            index=models.Index(fields=["status", "created"], name="runs_by_status"),
        ),
    ]
