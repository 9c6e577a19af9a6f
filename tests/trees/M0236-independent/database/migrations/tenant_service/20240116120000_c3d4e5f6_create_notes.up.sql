CREATE TABLE notes (tenant_id bigint REFERENCES tenants (id), body text);
