ALTER TABLE domains DROP CONSTRAINT domains_tenant_id_fkey;
