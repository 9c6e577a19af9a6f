-- migrator: no-transaction
CREATE UNIQUE INDEX CONCURRENTLY tenants_name_key ON tenants (name);
