ALTER TYPE tenant_state ADD VALUE 'trial';
ALTER TABLE tenants ALTER COLUMN state SET DEFAULT 'trial';
