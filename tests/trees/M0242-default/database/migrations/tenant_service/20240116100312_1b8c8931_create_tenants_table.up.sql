CREATE TYPE tenant_state AS ENUM ('active', 'closed');
CREATE TABLE tenants (
    id uuid PRIMARY KEY,
    state tenant_state NOT NULL DEFAULT 'active'
);
