CREATE SCHEMA accounts;
CREATE TABLE accounts.accounts (
    id uuid PRIMARY KEY,
    email text NOT NULL UNIQUE
);
