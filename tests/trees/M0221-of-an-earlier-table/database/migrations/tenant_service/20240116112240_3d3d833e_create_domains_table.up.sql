CREATE TABLE domains (
    name varchar(63) PRIMARY KEY,
    tenant_id uuid NOT NULL
);
