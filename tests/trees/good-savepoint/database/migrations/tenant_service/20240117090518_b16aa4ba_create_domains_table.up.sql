SAVEPOINT before;
CREATE TABLE domains (name text);
ROLLBACK TO SAVEPOINT before;
RELEASE SAVEPOINT before;
CREATE TABLE domains (
    name text PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants
);
