"""Every change of state of the control plane, one function each: the admin, the API, the CLI and jobs call these.

In: rows, plain values and `acting` (who does it). Out: the changed rows, or KapokError. Each is one transaction; what
must happen afterwards is queued when it commits.
"""

from apps.tenants.services.audit_alerts import do_acknowledge_alert, do_check_log
from apps.tenants.services.audit_settings import do_rollback_audit_settings, do_set_audit_settings
from apps.tenants.services.domains import do_add_domain, do_remove_domain
from apps.tenants.services.erasures import do_request_erasure, preview_erasure
from apps.tenants.services.export_files import do_delete_export, do_take_export
from apps.tenants.services.exports import do_request_export
from apps.tenants.services.issuers import do_distrust_issuer, do_trust_issuer
from apps.tenants.services.keys import do_create_key, do_revoke_key
from apps.tenants.services.looking import do_look
from apps.tenants.services.migrations import do_migrate_project, do_migrate_tenant, do_upload_migrations
from apps.tenants.services.operations import do_retry_operation
from apps.tenants.services.permissions import do_rollback_permissions, do_set_permissions
from apps.tenants.services.projects import (
    do_create_project,
    do_delete_project,
    do_register_documents,
    do_update_project,
)
from apps.tenants.services.providers import do_remove_provider, do_set_provider
from apps.tenants.services.seeds import do_seed_tenant
from apps.tenants.services.signing_keys import do_rotate_signing_key
from apps.tenants.services.tenants import (
    do_create_tenant,
    do_delete_tenant,
    do_resume_tenant,
    do_suspend_tenant,
    do_update_tenant,
)

__all__ = [
    "do_acknowledge_alert",
    "do_add_domain",
    "do_check_log",
    "do_create_key",
    "do_create_project",
    "do_create_tenant",
    "do_delete_export",
    "do_delete_project",
    "do_delete_tenant",
    "do_distrust_issuer",
    "do_look",
    "do_migrate_project",
    "do_migrate_tenant",
    "do_register_documents",
    "do_remove_domain",
    "do_remove_provider",
    "do_request_erasure",
    "do_request_export",
    "do_resume_tenant",
    "do_retry_operation",
    "do_revoke_key",
    "do_rollback_audit_settings",
    "do_rollback_permissions",
    "do_rotate_signing_key",
    "do_seed_tenant",
    "do_set_audit_settings",
    "do_set_permissions",
    "do_set_provider",
    "do_suspend_tenant",
    "do_take_export",
    "do_trust_issuer",
    "do_update_project",
    "do_update_tenant",
    "do_upload_migrations",
    "preview_erasure",
]
