-- migrator: no-transaction
CREATE INDEX CONCURRENTLY tenants_name_idx ON tenants (name);
CREATE INDEX CONCURRENTLY tenants_lower_name_idx ON tenants (lower(name));
