-- migrator: no-transaction
DROP INDEX CONCURRENTLY IF EXISTS tenants_lower_name_idx;
DROP INDEX CONCURRENTLY IF EXISTS tenants_name_idx;
