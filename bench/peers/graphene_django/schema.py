"""A hand-written graphene-django schema for the workloads: one query a level, the pages of children prefetched."""

from __future__ import annotations

from typing import Any

import graphene
from django.db.models import Prefetch, QuerySet
from graphene_django import DjangoObjectType

from bench.peers.graphene_django import models

ALBUMS_PER_ARTIST, TRACKS_PER_ALBUM = 3, 12


class Track(DjangoObjectType):
    """A track."""

    track_id = graphene.Int(required=True)

    class Meta:
        model = models.Track
        fields = ("track_id", "name", "composer", "milliseconds", "bytes", "unit_price")


class Album(DjangoObjectType):
    """An album with its first tracks."""

    album_id = graphene.Int(required=True)
    tracks = graphene.List(graphene.NonNull(Track), required=True)

    class Meta:
        model = models.Album
        fields = ("album_id", "title")

    @staticmethod
    def resolve_tracks(album: models.Album, _info: Any) -> list[models.Track]:
        """The tracks the root resolver prefetched."""
        return album.first_tracks


class Artist(DjangoObjectType):
    """An artist with the first albums."""

    artist_id = graphene.Int(required=True)
    albums = graphene.List(graphene.NonNull(Album), required=True)

    class Meta:
        model = models.Artist
        fields = ("artist_id", "name")

    @staticmethod
    def resolve_albums(artist: models.Artist, _info: Any) -> list[models.Album]:
        """The albums the root resolver prefetched."""
        return artist.first_albums


class Query(graphene.ObjectType):
    """One root field a workload."""

    track = graphene.Field(Track, track_id=graphene.Int(required=True))
    tracks = graphene.List(
        graphene.NonNull(Track),
        required=True,
        genre_id=graphene.Int(required=True),
        minimum_milliseconds=graphene.Int(required=True),
        first=graphene.Int(required=True),
    )
    artists = graphene.List(
        graphene.NonNull(Artist),
        required=True,
        from_id=graphene.Int(required=True),
        first=graphene.Int(required=True),
    )

    @staticmethod
    def resolve_track(_root: None, _info: Any, track_id: int) -> models.Track | None:
        """One track, or null."""
        return models.Track.objects.filter(track_id=track_id).first()

    @staticmethod
    def resolve_tracks(
        _root: None, _info: Any, genre_id: int, minimum_milliseconds: int, first: int
    ) -> QuerySet[models.Track]:
        """The longest tracks of a genre."""
        found = models.Track.objects.filter(genre_id=genre_id, milliseconds__gte=minimum_milliseconds)
        return found.order_by("-milliseconds", "track_id")[:first]

    @staticmethod
    def resolve_artists(_root: None, _info: Any, from_id: int, first: int) -> QuerySet[models.Artist]:
        """Artists with their first albums and those albums' first tracks, in three queries."""
        tracks = models.Track.objects.order_by("track_id")[:TRACKS_PER_ALBUM]
        albums = models.Album.objects.order_by("album_id").prefetch_related(
            Prefetch("tracks", tracks, to_attr="first_tracks")
        )[:ALBUMS_PER_ARTIST]
        found = models.Artist.objects.filter(artist_id__gte=from_id).order_by("artist_id")
        return found.prefetch_related(Prefetch("albums", albums, to_attr="first_albums"))[:first]


class Play(DjangoObjectType):
    """A track that was played."""

    play_id = graphene.Int(required=True)
    track_id = graphene.Int(required=True)

    class Meta:
        model = models.Play
        fields = ("play_id", "track_id", "listener", "seconds", "device")


class CreatePlay(graphene.Mutation):
    """One insert."""

    class Arguments:
        track_id = graphene.Int(required=True)
        listener = graphene.Int(required=True)
        seconds = graphene.Int(required=True)
        device = graphene.String(required=True)

    Output = Play

    @staticmethod
    def mutate(_root: None, _info: Any, **values: Any) -> models.Play:
        """The new row."""
        return models.Play.objects.create(**values)


class Mutation(graphene.ObjectType):
    """The workload that writes."""

    create_play = CreatePlay.Field(required=True)


schema = graphene.Schema(query=Query, mutation=Mutation)
