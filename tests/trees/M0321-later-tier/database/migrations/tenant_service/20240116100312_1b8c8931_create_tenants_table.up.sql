CREATE TABLE tenants (
    id uuid PRIMARY KEY,
    owner_id uuid REFERENCES users
);
