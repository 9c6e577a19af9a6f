-- The people who work for a tenant. The rights of a member are grants of the
-- auth service; the role in this table is the one in the invitation.
CREATE TYPE users.membership_status AS ENUM ('invited', 'active', 'left');

COMMENT ON TYPE users.membership_status IS 'invited, then active, then left; never back';

CREATE TABLE users.memberships (
    id uuid NOT NULL DEFAULT core.uuid_v7(),
    tenant_id uuid NOT NULL,
    user_id uuid NOT NULL,
    role_id uuid NOT NULL,
    status users.membership_status NOT NULL DEFAULT 'invited',
    invited_by uuid,
    joined_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    updated_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    CONSTRAINT memberships_pkey PRIMARY KEY (id),
    CONSTRAINT memberships_tenant_id_user_id_key UNIQUE (tenant_id, user_id),
    CONSTRAINT memberships_tenant_id_fkey FOREIGN KEY (tenant_id)
        REFERENCES tenant.tenants (id) ON DELETE CASCADE,
    CONSTRAINT memberships_user_id_fkey FOREIGN KEY (user_id)
        REFERENCES users.users (id) ON DELETE CASCADE,
    CONSTRAINT memberships_role_id_fkey FOREIGN KEY (role_id)
        REFERENCES auth.roles (id),
    CONSTRAINT memberships_invited_by_fkey FOREIGN KEY (invited_by)
        REFERENCES users.users (id) ON DELETE SET NULL
);

COMMENT ON TABLE users.memberships IS 'People in tenants';
COMMENT ON COLUMN users.memberships.role_id IS 'Offered in the invitation and granted when it is accepted';
COMMENT ON COLUMN users.memberships.invited_by IS 'Null for the founder, and once the inviting person is gone';

CREATE INDEX memberships_user_id_idx ON users.memberships (user_id);

CREATE INDEX memberships_role_id_idx ON users.memberships (role_id);

CREATE INDEX memberships_invited_by_idx ON users.memberships (invited_by);

CREATE TRIGGER memberships_touch_updated_at
    BEFORE UPDATE ON users.memberships
    FOR EACH ROW EXECUTE FUNCTION core.touch_updated_at();

ALTER TABLE users.memberships ENABLE ROW LEVEL SECURITY;

CREATE POLICY memberships_isolation ON users.memberships
    USING (tenant_id = (SELECT core.current_tenant_id()));

COMMENT ON POLICY memberships_isolation ON users.memberships IS 'A tenant sees and changes its own members';
