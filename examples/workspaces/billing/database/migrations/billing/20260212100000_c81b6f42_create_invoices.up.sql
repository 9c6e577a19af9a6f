-- The account is in a table of another repository. A foreign key would tie the deploys of the two
-- repositories to an order, so the service checks the account itself.
CREATE SCHEMA billing;
CREATE TABLE billing.invoices (
    id uuid PRIMARY KEY,
    account_id uuid NOT NULL,
    cents bigint NOT NULL
);
