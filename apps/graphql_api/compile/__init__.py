"""From a valid document to one SQL statement: AST -> plan (here) -> SQL (kapok.query). Pure."""

from apps.graphql_api.compile.operation import compile_operation

__all__ = ["compile_operation"]
