DROP TABLE domains;

DROP TABLE tenants;
