-- migrator: allow M0217 because builds wait in a queue anyway, and one pass writes no row
-- The files of a build. The key is their content, so equal files are stored once.
CREATE TABLE platform.build_artifacts (
    build_id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    path text NOT NULL,
    content_hash core.sha256 NOT NULL,
    size_bytes bigint NOT NULL,
    created_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    CONSTRAINT build_artifacts_pkey PRIMARY KEY (build_id, path),
    CONSTRAINT build_artifacts_tenant_id_build_id_fkey FOREIGN KEY (tenant_id, build_id)
        REFERENCES platform.builds (tenant_id, id) ON DELETE CASCADE,
    CONSTRAINT build_artifacts_path_check CHECK (
        pg_catalog.char_length(path) BETWEEN 1 AND 1000
        AND path !~ '(^|/)\.{0,2}(/|$)'
    ),
    CONSTRAINT build_artifacts_size_bytes_check CHECK (size_bytes >= 0)
);

COMMENT ON TABLE platform.build_artifacts IS 'Files made by builds';
COMMENT ON COLUMN platform.build_artifacts.path IS 'Relative, with slashes, without empty parts, . and ..';
COMMENT ON COLUMN platform.build_artifacts.content_hash IS 'SHA-256 of the file, and its key in the store';

CREATE INDEX build_artifacts_tenant_id_build_id_idx ON platform.build_artifacts (tenant_id, build_id);

CREATE INDEX build_artifacts_content_hash_idx ON platform.build_artifacts (content_hash);

COMMENT ON INDEX platform.build_artifacts_content_hash_idx IS 'Tells whether a stored file is still needed';

ALTER TABLE platform.build_artifacts ENABLE ROW LEVEL SECURITY;

CREATE POLICY build_artifacts_isolation ON platform.build_artifacts
    USING (tenant_id = (SELECT core.current_tenant_id()));

COMMENT ON POLICY build_artifacts_isolation ON platform.build_artifacts IS 'A tenant sees and adds its own files only';

ALTER TABLE platform.builds
    ADD COLUMN artifact_bytes bigint NOT NULL DEFAULT 0,
    ADD CONSTRAINT builds_artifact_bytes_check CHECK (artifact_bytes >= 0);

COMMENT ON COLUMN platform.builds.artifact_bytes IS 'Size of all files of the build, for the bill';
