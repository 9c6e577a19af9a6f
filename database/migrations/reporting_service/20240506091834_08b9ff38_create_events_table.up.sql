-- Events of a tenant, with one partition for each quarter. To delete old events,
-- drop a partition. A report reads only the quarters that it needs.
CREATE TABLE reporting.events (
    id uuid NOT NULL DEFAULT core.uuid_v7(),
    tenant_id uuid NOT NULL,
    occurred_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    name text NOT NULL,
    user_id uuid,
    value numeric,
    properties jsonb NOT NULL DEFAULT '{}',
    CONSTRAINT events_pkey PRIMARY KEY (id, occurred_at),
    CONSTRAINT events_tenant_id_fkey FOREIGN KEY (tenant_id)
        REFERENCES tenant.tenants (id) ON DELETE CASCADE,
    CONSTRAINT events_user_id_fkey FOREIGN KEY (user_id)
        REFERENCES users.users (id) ON DELETE SET NULL,
    CONSTRAINT events_name_check CHECK (name ~ '^[a-z][a-z_]*\.[a-z][a-z_]*$'),
    CONSTRAINT events_properties_check CHECK (pg_catalog.jsonb_typeof(properties) = 'object')
) PARTITION BY RANGE (occurred_at);

COMMENT ON TABLE reporting.events IS 'What happened, in partitions of a calendar quarter in UTC';
COMMENT ON COLUMN reporting.events.name IS 'Subject and verb in the past: build.succeeded';
COMMENT ON COLUMN reporting.events.user_id IS 'Who did it; null for the platform itself and for people who are gone';
COMMENT ON COLUMN reporting.events.value IS 'What is added up, such as seconds or bytes; its unit follows from the name';

CREATE INDEX events_tenant_id_name_occurred_at_idx
    ON reporting.events (tenant_id, name, occurred_at);

CREATE INDEX events_user_id_idx ON reporting.events (user_id)
    WHERE user_id IS NOT NULL;

COMMENT ON INDEX reporting.events_user_id_idx IS 'For the foreign key, when a person is deleted';

CREATE TABLE reporting.events_default PARTITION OF reporting.events DEFAULT;

COMMENT ON TABLE reporting.events_default IS
    'Events of quarters without a partition; making the partition moves them there';

ALTER TABLE reporting.events ENABLE ROW LEVEL SECURITY;

CREATE POLICY events_isolation ON reporting.events
    USING (tenant_id = (SELECT core.current_tenant_id()));

COMMENT ON POLICY events_isolation ON reporting.events IS 'A tenant sees and adds its own events only';

-- Partitions do not inherit policies. A direct read of a partition without a
-- policy returns no rows.
ALTER TABLE reporting.events_default ENABLE ROW LEVEL SECURITY;
