DROP TABLE tenant.accounts;
