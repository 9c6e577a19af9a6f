-- migrator: requires user/20240126100117
CREATE TABLE owners (
    user_id uuid PRIMARY KEY REFERENCES users,
    membership_id uuid NOT NULL REFERENCES memberships
);
