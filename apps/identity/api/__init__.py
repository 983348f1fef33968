"""/auth/v1: what end users' programs call."""
