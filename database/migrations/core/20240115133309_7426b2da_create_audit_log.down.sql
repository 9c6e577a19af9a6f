-- Removes the audit log with its functions.
DROP FUNCTION core.record_change();

DROP TABLE core.audit_log;

DROP FUNCTION core.refuse_change();
