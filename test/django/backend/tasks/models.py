from django.conf import settings
from django.db import models


class Task(models.Model):
    STATUSES = [(status, status) for status in ("pending", "in-progress", "completed")]

    title = models.CharField(max_length=255)
    description = models.TextField()
    status = models.CharField(max_length=20, choices=STATUSES, default="pending")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE)
