-- Builds are a queue and a history in one table.
CREATE TYPE platform.build_status AS ENUM ('queued', 'running', 'succeeded', 'failed', 'cancelled');

COMMENT ON TYPE platform.build_status IS 'queued, running, then one of the other three for good';

CREATE TABLE platform.builds (
    id uuid NOT NULL DEFAULT core.uuid_v7(),
    tenant_id uuid NOT NULL,
    project_id uuid NOT NULL,
    number int NOT NULL,
    revision text NOT NULL,
    status platform.build_status NOT NULL DEFAULT 'queued',
    requested_by uuid,
    worker text,
    failure text,
    queued_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    started_at timestamptz,
    finished_at timestamptz,
    CONSTRAINT builds_pkey PRIMARY KEY (id),
    CONSTRAINT builds_tenant_id_id_key UNIQUE (tenant_id, id),
    CONSTRAINT builds_project_id_number_key UNIQUE (project_id, number),
    CONSTRAINT builds_tenant_id_project_id_fkey FOREIGN KEY (tenant_id, project_id)
        REFERENCES platform.projects (tenant_id, id) ON DELETE CASCADE,
    CONSTRAINT builds_requested_by_fkey FOREIGN KEY (requested_by)
        REFERENCES users.users (id) ON DELETE SET NULL,
    CONSTRAINT builds_number_check CHECK (number >= 1),
    CONSTRAINT builds_revision_check CHECK (revision ~ '^[0-9a-f]{40}([0-9a-f]{24})?$'),
    CONSTRAINT builds_status_check CHECK (
        CASE status
            WHEN 'queued' THEN started_at IS NULL AND finished_at IS NULL AND worker IS NULL
            WHEN 'running' THEN started_at IS NOT NULL AND finished_at IS NULL AND worker IS NOT NULL
            WHEN 'cancelled' THEN finished_at IS NOT NULL
            ELSE started_at IS NOT NULL AND finished_at IS NOT NULL
        END
    ),
    CONSTRAINT builds_failure_check CHECK (failure IS NULL OR status = 'failed'),
    CONSTRAINT builds_started_at_check CHECK (started_at >= queued_at),
    CONSTRAINT builds_finished_at_check CHECK (finished_at >= COALESCE(started_at, queued_at))
);

COMMENT ON TABLE platform.builds IS 'Builds of projects, waiting, running and done';
COMMENT ON COLUMN platform.builds.number IS 'Counts from 1 in every project';
COMMENT ON COLUMN platform.builds.revision IS 'Git commit, SHA-1 or SHA-256';
COMMENT ON COLUMN platform.builds.requested_by IS 'Null for a build that a push started';
COMMENT ON COLUMN platform.builds.failure IS 'One line on why it failed';

CREATE INDEX builds_queue_idx ON platform.builds (queued_at)
    WHERE status = 'queued';

COMMENT ON INDEX platform.builds_queue_idx IS 'Small however long the history grows';

CREATE INDEX builds_tenant_id_project_id_idx ON platform.builds (tenant_id, project_id);

CREATE INDEX builds_requested_by_idx ON platform.builds (requested_by);

ALTER TABLE platform.builds ENABLE ROW LEVEL SECURITY;

CREATE POLICY builds_isolation ON platform.builds
    USING (tenant_id = (SELECT core.current_tenant_id()));

COMMENT ON POLICY builds_isolation ON platform.builds IS 'A tenant sees and changes its own builds only';

CREATE FUNCTION platform.request_build(project_id uuid, revision text, requested_by uuid DEFAULT NULL)
RETURNS platform.builds
LANGUAGE sql
VOLATILE
SET search_path = ''
AS $$
    WITH project AS (
        UPDATE platform.projects AS p
        SET last_build_number = p.last_build_number + 1
        WHERE p.id = request_build.project_id
            AND p.status = 'active'
        RETURNING p.tenant_id, p.id, p.last_build_number
    )
    INSERT INTO platform.builds AS b (tenant_id, project_id, number, revision, requested_by)
    SELECT p.tenant_id, p.id, p.last_build_number, request_build.revision, request_build.requested_by
    FROM project AS p
    RETURNING b.*;
$$;

COMMENT ON FUNCTION platform.request_build(uuid, text, uuid) IS
    'Queues a build with the next number of its project; null if the project is not active or not the tenant''s';

CREATE FUNCTION platform.claim_build(worker text) RETURNS SETOF platform.builds
LANGUAGE sql
VOLATILE
SECURITY DEFINER
SET search_path = ''
AS $$
    WITH next_build AS MATERIALIZED (
        SELECT q.id
        FROM platform.builds AS q
        WHERE q.status = 'queued'
        ORDER BY q.queued_at
        LIMIT 1
        FOR UPDATE SKIP LOCKED
    )
    UPDATE platform.builds AS b
    SET status = 'running',
        worker = claim_build.worker,
        started_at = pg_catalog.now()
    FROM next_build AS n
    WHERE b.id = n.id
    RETURNING b.*;
$$;

COMMENT ON FUNCTION platform.claim_build(text) IS
    'Gives the build that has waited longest, of any tenant, to a worker; never waits for another worker';

REVOKE EXECUTE ON FUNCTION platform.claim_build(text) FROM PUBLIC;
