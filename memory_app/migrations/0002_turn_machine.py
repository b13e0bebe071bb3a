from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("memory_app", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="turn",
            name="machine",
            field=models.CharField(blank=True, default="", max_length=32),
        ),
    ]
