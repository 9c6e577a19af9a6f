-- migrator: requires tenant/20240116100312
CREATE TABLE accounts (
    id uuid PRIMARY KEY,
    email text NOT NULL UNIQUE
);
