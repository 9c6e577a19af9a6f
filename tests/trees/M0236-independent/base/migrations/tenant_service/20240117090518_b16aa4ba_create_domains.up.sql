CREATE TABLE domains (tenant_id bigint REFERENCES tenants (id));
