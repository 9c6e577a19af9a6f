CREATE TABLE events (
    tenant_id uuid NOT NULL,
    at timestamptz NOT NULL
) PARTITION BY RANGE (at);
