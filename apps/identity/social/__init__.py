"""Signing in with an OpenID provider of the project's choice."""
