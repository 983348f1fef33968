"""The Django app of this peer; its label keeps it apart from the library of the same name."""

from django.apps import AppConfig


class ShopConfig(AppConfig):
    """The bench's tables as unmanaged models."""

    name = "bench.peers.graphene_django"
    label = "shop"
