ALTER TABLE tenants
    DROP CONSTRAINT tenants_note_check,
    DROP COLUMN note;
ALTER TABLE tenants DROP CONSTRAINT tenants_name_check;
ALTER TABLE domains DROP CONSTRAINT domains_tenant_id_fkey;
