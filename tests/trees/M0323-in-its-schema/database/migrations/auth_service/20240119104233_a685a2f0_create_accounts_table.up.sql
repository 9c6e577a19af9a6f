CREATE TABLE tenant.accounts (
    id uuid PRIMARY KEY
);
