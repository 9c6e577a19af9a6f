-- Code checks permissions, and administrators grant roles. A role belongs to a
-- tenant. A role without a tenant belongs to the platform; all tenants may use it.
CREATE TABLE auth.permissions (
    code text NOT NULL,
    description text NOT NULL,
    CONSTRAINT permissions_pkey PRIMARY KEY (code),
    CONSTRAINT permissions_code_check CHECK (code ~ '^[a-z][a-z_]*\.[a-z][a-z_]*$')
);

COMMENT ON TABLE auth.permissions IS 'What can be allowed; the code that asks for it and the row arrive together';
COMMENT ON COLUMN auth.permissions.code IS 'Subject and verb: project.deploy';

CREATE TABLE auth.roles (
    id uuid NOT NULL DEFAULT core.uuid_v7(),
    tenant_id uuid,
    code core.slug NOT NULL,
    name text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    updated_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    CONSTRAINT roles_pkey PRIMARY KEY (id),
    CONSTRAINT roles_tenant_id_code_key UNIQUE (tenant_id, code),
    CONSTRAINT roles_tenant_id_fkey FOREIGN KEY (tenant_id)
        REFERENCES tenant.tenants (id) ON DELETE CASCADE,
    CONSTRAINT roles_name_check CHECK (pg_catalog.char_length(name) BETWEEN 1 AND 100)
);

COMMENT ON TABLE auth.roles IS 'Named sets of permissions';
COMMENT ON COLUMN auth.roles.tenant_id IS 'Null for the roles of the platform, which every tenant may use';

-- To the unique constraint, two nulls are different. This index makes the
-- platform's codes unique as well.
CREATE UNIQUE INDEX roles_platform_code_idx ON auth.roles (code)
    WHERE tenant_id IS NULL;

COMMENT ON INDEX auth.roles_platform_code_idx IS 'A code means one role of the platform';

CREATE TRIGGER roles_touch_updated_at
    BEFORE UPDATE ON auth.roles
    FOR EACH ROW EXECUTE FUNCTION core.touch_updated_at();

CREATE TABLE auth.role_permissions (
    role_id uuid NOT NULL,
    permission_code text NOT NULL,
    CONSTRAINT role_permissions_pkey PRIMARY KEY (role_id, permission_code),
    CONSTRAINT role_permissions_role_id_fkey FOREIGN KEY (role_id)
        REFERENCES auth.roles (id) ON DELETE CASCADE,
    CONSTRAINT role_permissions_permission_code_fkey FOREIGN KEY (permission_code)
        REFERENCES auth.permissions (code)
);

COMMENT ON TABLE auth.role_permissions IS 'What a role allows';

CREATE INDEX role_permissions_permission_code_idx ON auth.role_permissions (permission_code);
