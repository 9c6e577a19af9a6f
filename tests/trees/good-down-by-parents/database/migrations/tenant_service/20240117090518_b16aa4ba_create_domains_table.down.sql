ALTER TABLE tenants
    DROP COLUMN domain;

DROP TABLE dns.domains;

DROP SCHEMA dns;
