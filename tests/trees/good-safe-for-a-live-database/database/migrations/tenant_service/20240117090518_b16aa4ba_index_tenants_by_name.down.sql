-- migrator: no-transaction
DROP INDEX CONCURRENTLY IF EXISTS tenants_name_key;
