"""What uvicorn serves: Django's own ASGI application."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bench.peers.graphene_django.settings")

app = get_asgi_application()
