"""The change log of a tenant's schema: reading it in the order of commits, and what is written down of which table."""
