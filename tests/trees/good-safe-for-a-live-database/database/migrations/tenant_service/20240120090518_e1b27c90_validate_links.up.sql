ALTER TABLE domains VALIDATE CONSTRAINT domains_tenant_id_fkey;

ALTER TABLE tenants
    VALIDATE CONSTRAINT tenants_name_check,
    VALIDATE CONSTRAINT tenants_note_check;
