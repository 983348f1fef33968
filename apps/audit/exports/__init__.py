"""Exports: a range of a log as a bundle that an auditor verifies alone.

In: a connection, a log, what is asked for. Out: a zip. Tenants, rights and files' lives are apps.tenants' business.
"""
