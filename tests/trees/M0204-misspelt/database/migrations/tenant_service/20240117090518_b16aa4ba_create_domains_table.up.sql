-- migrator: no-transactions
CREATE INDEX CONCURRENTLY tenants_by_name ON tenants (name);
