-- migrator: requires tenant/20240117090518
CREATE TABLE accounts (
    id uuid PRIMARY KEY,
    email text NOT NULL UNIQUE
);
