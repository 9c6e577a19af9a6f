DROP TABLE tenants;
