UPDATE tenants SET name = lower(name);
