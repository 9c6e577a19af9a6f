-- Removes the region of tenants' data.
DROP INDEX tenant.tenants_data_region_idx;

ALTER TABLE tenant.tenants
    DROP CONSTRAINT tenants_data_region_check,
    DROP COLUMN data_region;
