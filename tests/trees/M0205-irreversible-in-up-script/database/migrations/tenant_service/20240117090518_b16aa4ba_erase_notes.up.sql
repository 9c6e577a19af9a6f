-- migrator: irreversible because nothing keeps the names as they were written
UPDATE tenants SET name = lower(name);
