"""Tokens of end users (JWT): their form, their keys, and what makes one valid. Pure: no network, no database."""
