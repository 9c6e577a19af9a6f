DROP TABLE accounts.accounts;
DROP SCHEMA accounts;
