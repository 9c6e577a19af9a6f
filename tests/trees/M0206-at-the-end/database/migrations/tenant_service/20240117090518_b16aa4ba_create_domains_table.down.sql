DROP TABLE domains;
-- migrator: no-transaction
