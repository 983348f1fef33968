"""What gunicorn serves: Django's own WSGI application."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bench.peers.graphene_django.settings")

application = get_wsgi_application()
