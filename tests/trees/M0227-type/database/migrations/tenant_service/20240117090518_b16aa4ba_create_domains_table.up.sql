CREATE TYPE domain_state AS ENUM ('pending', 'verified');

CREATE TABLE domains (
    name text PRIMARY KEY,
    state domain_state NOT NULL
);

CREATE INDEX domains_state_idx ON domains (state);
