ALTER TABLE tenants DROP owner_id;
