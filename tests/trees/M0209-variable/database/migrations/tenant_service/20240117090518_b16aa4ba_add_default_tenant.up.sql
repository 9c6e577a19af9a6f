INSERT INTO tenants (id, name) VALUES (:id, 'Central');
