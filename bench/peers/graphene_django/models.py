"""The bench's tables that the workloads read, as Django models."""

from django.db import models


class Artist(models.Model):
    """A row of `artist`."""

    artist_id = models.IntegerField(primary_key=True)
    name = models.TextField()

    class Meta:
        db_table = "artist"
        managed = False


class Album(models.Model):
    """A row of `album`."""

    album_id = models.IntegerField(primary_key=True)
    title = models.TextField()
    artist = models.ForeignKey(Artist, models.DO_NOTHING, related_name="albums")

    class Meta:
        db_table = "album"
        managed = False


class Track(models.Model):
    """A row of `track`."""

    track_id = models.IntegerField(primary_key=True)
    name = models.TextField()
    album = models.ForeignKey(Album, models.DO_NOTHING, related_name="tracks", null=True)
    genre_id = models.IntegerField(null=True)
    composer = models.TextField(null=True)
    milliseconds = models.IntegerField()
    bytes = models.IntegerField(null=True)
    unit_price = models.DecimalField(max_digits=10, decimal_places=2)

    class Meta:
        db_table = "track"
        managed = False


class Play(models.Model):
    """A row of `play`."""

    play_id = models.AutoField(primary_key=True)
    track = models.ForeignKey(Track, models.DO_NOTHING)
    listener = models.IntegerField()
    seconds = models.IntegerField()
    device = models.TextField()

    class Meta:
        db_table = "play"
        managed = False
