ALTER TABLE domains
    ALTER COLUMN name TYPE varchar(253) USING lower(name);
