CREATE INDEX CONCURRENTLY tenants_name_idx ON tenants (name);
