"""Makes dump.json anew, with a real Django: /usr/bin/python3 test/django/make_dump.py

Each user's password is "Xk9-fence-" and their name, except for those who have none. Django 3.2 has no scrypt: that hash
is computed by hashlib, in the form of Django 4 and later.
"""

import base64
import hashlib
import os
import sys
import tempfile
from datetime import datetime, timezone

here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(here, "backend"))
os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
os.environ["DATABASE"] = os.path.join(tempfile.mkdtemp(), "db.sqlite3")

import django

django.setup()

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import User
from django.core.management import call_command

from tasks.models import Task


def scrypt(password, salt="c2FsdHNhbHRzYWx0"):
    n, r, p = 2**14, 8, 1
    digest = hashlib.scrypt(password.encode(), salt=salt.encode(), n=n, r=r, p=p, maxmem=2**26, dklen=64)
    return f"scrypt${n}${salt}${r}${p}${base64.b64encode(digest).decode()}"


call_command("migrate", run_syncdb=True, verbosity=0)
joined = datetime(2023, 5, 1, 12, 30, 15, 250000, tzinfo=timezone.utc)
for algorithm in ("pbkdf2_sha256", "pbkdf2_sha1", "scrypt", "bcrypt_sha256", "bcrypt", "argon2", "md5"):
    password = f"Xk9-fence-{algorithm}"
    hashed = scrypt(password) if algorithm == "scrypt" else make_password(password, hasher=algorithm)
    User.objects.create(username=algorithm, password=hashed, date_joined=joined)
User.objects.create(username="nopassword", password=make_password(None), date_joined=joined)
User.objects.create(username="inactive", password=make_password("Xk9-fence-inactive"), is_active=False, date_joined=joined)
User.objects.create(username="boss", password=make_password("Xk9-fence-boss"), is_staff=True, is_superuser=True, date_joined=joined)
User.objects.create(username="ﬁona", password=make_password("Xk9-fence-ﬁona"), is_staff=True, date_joined=joined)
users = list(User.objects.order_by("id"))
for number in range(24):
    owner = users[number % 3] if number % 8 else None
    status = ("pending", "in-progress", "completed")[number % 3]
    Task.objects.create(title=f"Task {number} ü€😀", description="two\nlines\u2028 and \"quotes\"", status=status, user=owner)
Task.objects.filter(pk__in=[5, 24]).delete()
call_command("dumpdata", "auth.user", "tasks.task", indent=1, output=os.path.join(here, "dump.json"))
