DROP INDEX tenants_name_idx;
