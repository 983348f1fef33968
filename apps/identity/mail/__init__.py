"""Mails to end users: their words, and how they get out."""
