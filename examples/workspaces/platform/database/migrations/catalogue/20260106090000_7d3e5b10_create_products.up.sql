CREATE SCHEMA catalogue;
CREATE TABLE catalogue.products (
    id uuid PRIMARY KEY,
    seller_id uuid NOT NULL REFERENCES accounts.accounts (id),
    name text NOT NULL
);
