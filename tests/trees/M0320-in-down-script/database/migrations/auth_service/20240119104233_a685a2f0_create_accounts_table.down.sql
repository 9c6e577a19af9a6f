INSERT INTO tenants (id, name)
SELECT id, 'left over' FROM accounts;
DROP TABLE accounts;
