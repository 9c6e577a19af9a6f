CREATE INDEX tenants_name_idx ON tenants (name);
