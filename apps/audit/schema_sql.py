"""SQL in a migration of this app, which runs in `public` and in every tenant's schema.

In: a text in which `{schema}` stands for the log's quoted schema. Out: statements that run there, and that
apps/tenants/platform_tables.py can write down.
"""

from __future__ import annotations

from typing import Any

from django.db import migrations

from kapok.identifiers import quote_identifier


class SchemaSQL(migrations.RunSQL):
    """`{schema}` is the schema, quoted; no other brace has a meaning. There is no way back."""

    def __init__(self, sql: str) -> None:
        super().__init__(sql, migrations.RunSQL.noop)

    def _run_sql(self, schema_editor: Any, sqls: Any) -> None:
        if sqls != migrations.RunSQL.noop:
            schema = quote_identifier(schema_editor.connection.schema_name)
            schema_editor.execute(sqls.replace("{schema}", schema), params=None)


class PublicSQL(SchemaSQL):
    """What all logs share, made once, in `public`."""

    def _run_sql(self, schema_editor: Any, sqls: Any) -> None:
        if schema_editor.connection.schema_name == "public":
            super()._run_sql(schema_editor, sqls)


class TenantSQL(SchemaSQL):
    """What only tenants' logs have."""

    def _run_sql(self, schema_editor: Any, sqls: Any) -> None:
        if schema_editor.connection.schema_name != "public":
            super()._run_sql(schema_editor, sqls)
